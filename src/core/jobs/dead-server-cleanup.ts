import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { ControllerSettings, Effect } from '../model/decision.ts';
import type { ObservedJob } from '../model/observation.ts';
import { executorJob } from './executor-job.ts';
import { followedJob, type FollowedJob } from './followed-job.ts';
import { memberUrls } from './members.ts';
import type { DeadServerCleanupStep } from './step.ts';

/** The Job that lets autopilot remove dead servers, or not, asking all members. It may be created again. */
export function deadServerCleanupJob(
  cluster: OpenBaoCluster,
  jobs: readonly ObservedJob[],
  wanted: Pick<DeadServerCleanupStep, 'operationId' | 'enabled'>,
  settings: ControllerSettings,
): FollowedJob & { readonly create: Effect } {
  const halves = { blue: memberUrls(cluster).map(({ pod }) => pod), green: [] };
  const step: DeadServerCleanupStep = { action: 'dead-server-cleanup', halves, ...wanted };
  const object = executorJob(cluster, step, settings);
  return { ...followedJob(jobs, object), create: { kind: 'create', object } };
}
