import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { ControllerSettings } from '../model/decision.ts';
import type { ObservedJob } from '../model/observation.ts';
import { executorJob } from './executor-job.ts';
import { repeatableJob, type RepeatableJob } from './repeatable-job.ts';
import { memberUrls } from './members.ts';
import type { DeadServerCleanupStep } from './step.ts';

/** The Job that lets autopilot remove dead servers, or not, asking all members. */
export function deadServerCleanupJob(
  cluster: OpenBaoCluster,
  jobs: readonly ObservedJob[],
  wanted: Pick<DeadServerCleanupStep, 'operationId' | 'enabled'>,
  settings: ControllerSettings,
): RepeatableJob {
  const halves = { blue: memberUrls(cluster).map(({ pod }) => pod), green: [] };
  const step: DeadServerCleanupStep = { action: 'dead-server-cleanup', halves, ...wanted };
  const object = executorJob(cluster, step, settings);
  return repeatableJob(jobs, object);
}
