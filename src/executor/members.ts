import type { Member, RaftConfiguration, RaftServer } from '../core/model/observation.ts';
import type { Known } from '../core/model/known.ts';
import { claimsLeadership } from '../core/raft/leader.ts';
import { readMember } from '../io/openbao/member.ts';
import { readKnown } from '../io/read-known.ts';
import type { ExecutorContext, Look } from './context.ts';

/** Milliseconds for one look at one member: one that hangs must not hide the others. */
const lookMs = 1500;

export type Members = ReadonlyMap<string, Known<Member>>;

/** What all members say of themselves, asked at the same time. */
export async function readMembers({ members, podOf }: ExecutorContext): Promise<Members> {
  const answers = [...members].map(
    async ([pod, node]) =>
      // Who is asked is named by the address, not by a UID: whatever pod has the name now.
      [pod, await readKnown(() => readMember(node, '', podOf, { timeoutMs: lookMs }))] as const,
  );
  return new Map(await Promise.all(answers));
}

/** The one member that says it leads. */
export function leaderAmong(members: Members): Look<Member> {
  const leaders = [...members.values()]
    .flatMap((member) => (member.kind === 'known' ? [member.value] : []))
    .filter(claimsLeadership);
  const [leader] = leaders;
  if (leader === undefined) return { missing: `no member leads (${states(members)})` };
  if (leaders.length === 1) return { found: leader };
  return { missing: `${leaders.map(({ pod }) => pod).join(' and ')} both say that they lead` };
}

/** Each member in a few words, for a message. */
export const states = (members: Members): string =>
  [...members]
    .map(([pod, member]) => (member.kind === 'known' ? stateOf(member.value) : `${pod} did not answer`))
    .join(', ');

function stateOf(member: Member): string {
  if (!member.initialized) return `${member.pod} is not initialized`;
  if (member.sealed) return `${member.pod} is sealed`;
  return `${member.pod} ${claimsLeadership(member) ? 'leads' : 'stands by'}`;
}

/**
 * Why a member does not follow this leader, a clause; undefined when it does: unsealed, in the same cluster, naming
 * the same leader. What it does not say is no yes (docs/design.md, rule 2).
 */
export function whyNotFollowing(
  pod: string,
  member: Known<Member> | undefined,
  leader: Member,
): string | undefined {
  if (member === undefined) return `${pod} is not among the members given`;
  if (member.kind === 'unknown') return `${pod} did not answer`;
  const { initialized, sealed, clusterId, leader: followed } = member.value;
  if (!initialized) return `${pod} is not initialized`;
  if (sealed) return `${pod} is sealed`;
  if (clusterId === undefined || clusterId !== leader.clusterId) return `${pod} is in another cluster`;
  return followed === leader.pod ? undefined : `${pod} follows ${followed ?? 'nobody'}`;
}

/** The ids of a membership, in order: its own order is that of joining. */
export const idsOf = (servers: readonly RaftServer[]): readonly string[] =>
  servers.map(({ id }) => id).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));

/** Those that vote. */
export const votersAmong = ({ servers }: RaftConfiguration): readonly string[] =>
  idsOf(servers.filter(({ voter }) => voter));

/** What a member has applied of the log, as it says. */
export function appliedIndex(members: Members, pod: string): number | undefined {
  const member = members.get(pod);
  return member?.kind === 'known' ? member.value.appliedIndex : undefined;
}
