import { known, unknown, type Known } from '../model/known.ts';
import type { Member } from '../model/observation.ts';
import { quorum } from './quorum.ts';
import { whyNotFollowing } from './health.ts';
import { appliedIndex, type Members } from './members.ts';

/** Who leads, and who may after it. */
export interface TransferCandidates {
  readonly leader: string;
  /** Who may take over; empty when the pod in question does not lead. */
  readonly candidates: readonly string[];
}

/**
 * The other voters that follow the leader and have applied its log up to the index.
 * Who steps down still votes, so with it the followers must be a quorum.
 *
 * @param voters ids of the voters, as the leader reports them
 * @param index the leader's last index, taken once
 */
export function transferCandidates(
  voters: readonly string[],
  leader: Member,
  members: Members,
  index: number | undefined,
): Known<TransferCandidates> {
  if (!voters.includes(leader.pod)) return unknown(`${leader.pod} leads, but is not a voter`);
  const others = voters.filter((id) => id !== leader.pod);
  if (others.length === 0) return unknown('there is no other voter');
  const problems = others.flatMap((id) => whyNotFollowing(id, members.get(id), leader) ?? []);
  const followers = others.filter((id) => whyNotFollowing(id, members.get(id), leader) === undefined);
  if (followers.length === 0 || followers.length + 1 < quorum(voters.length)) {
    const count = `${followers.length} of ${others.length} other voters follow it`;
    return unknown(`${count}: ${problems.join(', ')}`);
  }
  if (index === undefined) return unknown(`${leader.pod} does not say how long its log is`);
  const candidates = followers.filter((id) => (appliedIndex(members, id) ?? -1) >= index);
  if (candidates.length > 0) return known({ leader: leader.pod, candidates });
  const behind = followers.map(
    (id) => `${id} has applied ${appliedIndex(members, id) ?? 'nothing'} of ${index}`,
  );
  return unknown(`no other voter has caught up: ${[...behind, ...problems].join(', ')}`);
}
