import { known, unknown, type Known } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { type OpenBaoNode } from '../io/openbao/node.ts';
import { until, within, type ExecutorContext } from './context.ts';
import { asRole, attempt } from './login.ts';
import { votersAmong } from '../core/raft/configuration.ts';
import { leaderAmong } from '../core/raft/leader.ts';
import { readMembers } from './members.ts';
import { done, failed, refused } from './report.ts';
import { transferCandidates, type TransferCandidates } from '../core/raft/leadership-transfer.ts';

/**
 * `pod` must not lead: if it does, it is asked to step down, once, as soon as another voter can take over.
 * Done when another member leads; so a second run finds it done, and calls nothing.
 *
 * The call goes to the leader itself: a standby forwards it, or says 204 and does nothing
 * (docs/facts/openbao.md, section 4). It answers before anything happens, and a broken connection
 * says nothing: who leads then is what counts (docs/design.md, rule 3).
 */
export async function stepDown(context: ExecutorContext, pod: string): Promise<ExecutorReport> {
  const { deadline, log, members } = context;
  const node = members.get(pod);
  if (node === undefined) return refused('UnknownMember', `${pod} is not among the members given`);

  const before = await until(within(deadline, 0.5), lookBefore(context, node));
  if (before.kind === 'unknown') {
    return refused('NoHealthyVoter', `${pod} was not asked to step down: ${before.cause}`);
  }
  const { leader, candidates } = before.value;
  if (leader !== pod) {
    return done('NotLeading', `${pod} does not lead, ${leader} does; nothing was called`, { leader });
  }

  // Told to end meanwhile, be it that a person wants the votes back: it stays as it is.
  if (deadline.left() === 0)
    return refused('NoTimeLeft', `${pod} was not asked to step down: no time is left`);
  log.info({ pod, candidates }, 'asking the leader to step down');
  const askedAt = performance.now();
  const answer = await attempt(context, node, (token) => node.stepDown(token));
  const after = await until(deadline, lookForOther(context, pod));
  if (after.kind === 'unknown') {
    return failed('StepDownUnconfirmed', `${pod} was asked to step down (${answer}), but ${after.cause}`);
  }
  const tookMs = Math.round(performance.now() - askedAt);
  const message = `${pod} stepped down; ${after.value} leads after ${tookMs} ms`;
  return done('SteppedDown', message, { leader: after.value, tookMs });
}

/** Looks for another leader, or for what allows this one to go. */
function lookBefore(context: ExecutorContext, node: OpenBaoNode): () => Promise<Known<TransferCandidates>> {
  // Taken once: a fresh one is never reached while clients write (docs/facts/openbao-measured.md, 0.4).
  let index: number | undefined;
  return async () => {
    const members = await readMembers(context);
    const leader = leaderAmong(members);
    if (leader.kind === 'unknown') return leader;
    if (leader.value.pod !== node.pod) return known({ leader: leader.value.pod, candidates: [] });
    const raft = await asRole(context, node, (token) => node.raftConfiguration(token));
    if (raft.kind === 'unknown') return raft;
    index ??= leader.value.lastIndex;
    return transferCandidates(votersAmong(raft.value), leader.value, members, index);
  };
}

/** Looks for a leader that is not `pod`. */
const lookForOther = (context: ExecutorContext, pod: string) => async (): Promise<Known<string>> => {
  const leader = leaderAmong(await readMembers(context));
  if (leader.kind === 'unknown') return leader;
  return leader.value.pod === pod ? unknown(`${pod} leads`) : known(leader.value.pod);
};
