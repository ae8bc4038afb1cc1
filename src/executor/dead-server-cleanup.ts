import { known, unknown, type Known } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { until, type ExecutorContext } from './context.ts';
import { asRole, attempt } from './login.ts';
import { findLeader } from './membership.ts';
import { done, failed } from './report.ts';

/**
 * Lets autopilot remove dead servers, or not; what else is configured stays. Read back, and nothing is called when
 * it is so already.
 */
export async function deadServerCleanup(context: ExecutorContext, enabled: boolean): Promise<ExecutorReport> {
  const state = enabled ? 'on' : 'off';
  let answer: string | undefined;
  const seen = await until(context.deadline, async (): Promise<Known<true>> => {
    const leader = await findLeader(context);
    if (leader.kind === 'unknown') return leader;
    const { node } = leader.value;
    const isSet = await asRole(context, node, async (token) => {
      const { cleanup_dead_servers: current } = await node.autopilotConfiguration(token);
      return current === enabled;
    });
    if (isSet.kind === 'unknown') return isSet;
    if (isSet.value) return known(true);
    answer = await attempt(context, node, (token) => node.setDeadServerCleanup(token, enabled));
    return unknown(`it was not ${state} before ${node.pod} was asked (${answer})`);
  });
  if (seen.kind === 'unknown') {
    return failed('AutopilotUnchanged', `cleanup_dead_servers could not be set ${state}: ${seen.cause}`);
  }
  const message = `cleanup_dead_servers of autopilot is ${state}`;
  return done(answer === undefined ? 'AlreadySet' : 'AutopilotConfigured', message, { enabled });
}
