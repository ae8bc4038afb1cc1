import { known, unknown, type Known } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { stepDownSpacingMs } from '../core/raft/step-down.ts';
import { parseTimestamp } from '../core/model/time.ts';
import type { OpenBaoNode } from '../io/openbao/node.ts';
import { atMost, until, type ExecutorContext } from './context.ts';
import { asRole } from './login.ts';
import { votersAmong } from '../core/raft/configuration.ts';
import { whyNotFollowing } from '../core/raft/health.ts';
import { appliedIndex } from '../core/raft/members.ts';
import { readMembers } from './members.ts';
import { readMembership } from './membership.ts';
import { refused } from './report.ts';
import { stepDown } from './step-down.ts';

/** Milliseconds to wait for the other voters, and for the time between two step-downs. */
const readyMs = 60_000;
/** Milliseconds for the step-down itself, the look before it included. */
const stepDownMs = 40_000;

/**
 * The leader steps down, as soon as every other voter that follows it has all of its log, and not within 15 s of the
 * last change of leadership.
 *
 * @returns the report, if it does not come to it
 */
export async function handOver(context: ExecutorContext, pod: string): Promise<ExecutorReport | undefined> {
  const ready = await until(atMost(context.deadline, readyMs), lookForCandidates(context, pod));
  if (ready.kind === 'unknown') {
    return refused('NoHealthyVoter', `${pod} was not asked to step down: ${ready.cause}`);
  }
  const report = await stepDown({ ...context, deadline: atMost(context.deadline, stepDownMs) }, pod);
  return report.outcome === 'done' ? undefined : report;
}

/** Looks for candidates that have caught up; found also when there is none needed, because another one leads. */
function lookForCandidates(context: ExecutorContext, pod: string): () => Promise<Known<true>> {
  // Taken once: a fresh one is never reached while clients write (docs/facts/openbao-measured.md, 0.4).
  let index: number | undefined;
  return async () => {
    const members = await readMembers(context);
    const view = await readMembership(context, members);
    if (view.kind === 'unknown') return view;
    const { leader, node, raft } = view.value;
    if (leader.pod !== pod) return known(true);
    index ??= leader.lastIndex;
    const wanted = index ?? Infinity;
    const candidates = votersAmong(raft).filter(
      (id) => id !== pod && whyNotFollowing(id, members.get(id), leader) === undefined,
    );
    const behind = candidates.filter((id) => (appliedIndex(members, id) ?? -1) < wanted);
    if (behind.length > 0) return unknown(`${behind.join(', ')} has not applied index ${wanted} yet`);
    return lookForSpacing(context, node);
  };
}

/**
 * A leader that stepped down is blocked for 10 s, and a second step-down lands back on it
 * (docs/facts/openbao-measured.md, 0.5). Who led before, and why no more, is not known here: any change of leadership
 * counts.
 */
async function lookForSpacing(context: ExecutorContext, node: OpenBaoNode): Promise<Known<true>> {
  const answers = await asRole(context, node, () => Promise.all([node.leader(), node.health()]));
  if (answers.kind === 'unknown') return answers;
  const [{ active_time: since }, { server_time_utc: now }] = answers.value;
  const leadsSince = parseTimestamp(since);
  if (leadsSince === undefined || now === undefined) {
    return unknown(`${node.pod} does not say since when it leads`);
  }
  // By the server's own clock.
  const age = now * 1000 - leadsSince;
  return age >= stepDownSpacingMs ? known(true) : unknown(`${node.pod} leads since ${since}`);
}
