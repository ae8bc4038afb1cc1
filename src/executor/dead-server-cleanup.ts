import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { until, type ExecutorContext, type Look } from './context.ts';
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
  const seen = await until(context.deadline, async (): Promise<Look<true>> => {
    const leader = await findLeader(context);
    if ('missing' in leader) return leader;
    const node = leader.found;
    const isSet = await asRole(context, node, async (token) => {
      const { cleanup_dead_servers: current } = await node.autopilotConfiguration(token);
      return current === enabled;
    });
    if ('missing' in isSet) return isSet;
    if (isSet.found) return { found: true };
    answer = await attempt(context, node, (token) => node.setDeadServerCleanup(token, enabled));
    return { missing: `it was not ${state} before ${node.pod} was asked (${answer})` };
  });
  if ('missing' in seen) {
    return failed('AutopilotUnchanged', `cleanup_dead_servers could not be set ${state}: ${seen.missing}`);
  }
  const message = `cleanup_dead_servers of autopilot is ${state}`;
  return done(answer === undefined ? 'AlreadySet' : 'AutopilotConfigured', message, { enabled });
}
