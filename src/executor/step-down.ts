import type { Member } from '../core/cluster/observation.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { quorum } from '../core/raft/quorum.ts';
import { type OpenBaoNode } from '../io/openbao.ts';
import { until, within, type ExecutorContext, type Look } from './context.ts';
import { asRole, attempt } from './login.ts';
import {
  appliedIndex,
  leaderAmong,
  readMembers,
  votersAmong,
  whyNotFollowing,
  type Members,
} from './members.ts';
import { done, failed, refused } from './report.ts';

/**
 * `pod` must not lead: if it does, it is asked to step down, once, as soon as another voter can take over.
 * Done when another member leads; so a second run finds it done, and calls nothing.
 *
 * The call goes to the leader itself: a standby forwards it, or says 204 and does nothing
 * (openbao.md, section 4). It answers before anything happens, and a broken connection says
 * nothing: who leads then is what counts (design rule 3).
 */
export async function stepDown(context: ExecutorContext, pod: string): Promise<ExecutorReport> {
  const { deadline, log, members } = context;
  const node = members.get(pod);
  if (node === undefined) return refused('UnknownMember', `${pod} is not among the members given`);

  const before = await until(within(deadline, 0.5), lookBefore(context, node));
  if ('missing' in before) {
    return refused('NoHealthyVoter', `${pod} was not asked to step down: ${before.missing}`);
  }
  const { leader, candidates } = before.found;
  if (leader !== pod) {
    return done('NotLeading', `${pod} does not lead, ${leader} does; nothing was called`, { leader });
  }

  log.info({ pod, candidates }, 'asking the leader to step down');
  const askedAt = performance.now();
  const answer = await attempt(context, node, (token) => node.stepDown(token));
  const after = await until(deadline, lookForOther(context, pod));
  if ('missing' in after) {
    return failed('StepDownUnconfirmed', `${pod} was asked to step down (${answer}), but ${after.missing}`);
  }
  const tookMs = Math.round(performance.now() - askedAt);
  const message = `${pod} stepped down; ${after.found} leads after ${tookMs} ms`;
  return done('SteppedDown', message, { leader: after.found, tookMs });
}

interface Before {
  readonly leader: string;
  /** Who may take over from `pod`; empty when another one leads. */
  readonly candidates: readonly string[];
}

/** Looks for another leader, or for what allows this one to go. */
function lookBefore(context: ExecutorContext, node: OpenBaoNode): () => Promise<Look<Before>> {
  // Taken once: a fresh one is never reached while clients write (openbao-measured.md, 0.4).
  let index: number | undefined;
  return async () => {
    const members = await readMembers(context);
    const leader = leaderAmong(members);
    if ('missing' in leader) return leader;
    if (leader.found.pod !== node.pod) return { found: { leader: leader.found.pod, candidates: [] } };
    const raft = await asRole(context, node, (token) => node.raftConfiguration(token));
    if ('missing' in raft) return raft;
    index ??= leader.found.lastIndex;
    return candidatesAmong(votersAmong(raft.found), leader.found, members, index);
  };
}

/**
 * The other voters that follow the leader and have applied its log up to the index.
 * Who steps down still votes, so with it the followers must be a quorum.
 */
function candidatesAmong(
  voters: readonly string[],
  leader: Member,
  members: Members,
  index: number | undefined,
): Look<Before> {
  if (!voters.includes(leader.pod)) return { missing: `${leader.pod} leads, but is no voter` };
  const others = voters.filter((id) => id !== leader.pod);
  if (others.length === 0) return { missing: 'there is no other voter' };
  const problems = others.flatMap((id) => whyNotFollowing(id, members.get(id), leader) ?? []);
  const followers = others.filter((id) => whyNotFollowing(id, members.get(id), leader) === undefined);
  if (followers.length === 0 || followers.length + 1 < quorum(voters.length)) {
    const count = `${followers.length} of ${others.length} other voters follow it`;
    return { missing: `${count}: ${problems.join(', ')}` };
  }
  if (index === undefined) return { missing: `${leader.pod} does not say how long its log is` };
  const candidates = followers.filter((id) => (appliedIndex(members, id) ?? -1) >= index);
  if (candidates.length > 0) return { found: { leader: leader.pod, candidates } };
  const behind = followers.map(
    (id) => `${id} has applied ${appliedIndex(members, id) ?? 'nothing'} of ${index}`,
  );
  return { missing: `no other voter has caught up: ${[...behind, ...problems].join(', ')}` };
}

/** Looks for a leader that is not `pod`. */
const lookForOther = (context: ExecutorContext, pod: string) => async (): Promise<Look<string>> => {
  const leader = leaderAmong(await readMembers(context));
  if ('missing' in leader) return leader;
  return leader.found.pod === pod ? { missing: `${pod} leads` } : { found: leader.found.pod };
};
