import type { HoldReasonOf } from '../../api/hold-reasons.ts';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { ObservedJob } from '../model/observation.ts';
import { executorJob } from '../jobs/executor-job.ts';
import { followedJob, type FollowedJob } from '../jobs/followed-job.ts';
import { jobFailure, jobReport } from '../jobs/job-outcome.ts';
import type { ExecutorStep, HalvesStep, MemberStep } from '../jobs/step.ts';
import { inWords, type RestoreFailure } from './failure.ts';
import { sourceOf } from './source.ts';
import type { RestoreInput } from './step.ts';

/** A Job of this restore. */
export type RestoreJob = FollowedJob & {
  /** As it is to be created. */
  readonly object: KubernetesObject;
};

/** A step; of this restore and about its snapshot it is made here. */
export type WantedStep =
  Pick<MemberStep, 'action' | 'attempt' | 'voters'> | Pick<HalvesStep, 'action' | 'attempt' | 'halves'>;

export function restoreJob(input: RestoreInput, wanted: WantedStep): RestoreJob {
  const { cluster, jobs, context } = input;
  const step = stepOf(input, wanted);
  const object = executorJob(cluster, step, context.settings);
  return { ...followedJob(jobs, object), object };
}

function stepOf({ restore, status, cluster }: RestoreInput, wanted: WantedStep): ExecutorStep {
  const { operationId } = status;
  if ('halves' in wanted) return { ...wanted, operationId };
  const target = sourceOf(restore, cluster);
  if (wanted.action === 'repair-membership' || target === undefined) return { ...wanted, operationId };
  const sha256 = status.snapshot?.sha256 ?? expectedSum(restore, cluster);
  return {
    ...wanted,
    operationId,
    snapshot: {
      target,
      name: restore.spec.snapshot,
      ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
    },
    ...(wanted.action === 'restore-snapshot' && restore.spec.force === true ? { force: true } : {}),
  };
}

/** The sum that is known before the snapshot was looked at: as asked for, else as it was recorded when taken. */
function expectedSum({ spec }: RestoreInput['restore'], { status }: RestoreInput['cluster']) {
  const recorded = status?.backup?.latestSnapshot;
  return (
    spec.sha256 ??
    (recorded?.name === spec.snapshot && spec.source === undefined ? recorded.sha256 : undefined)
  );
}

/** The same Job, which runs nothing until it is told to. */
export const suspended = (object: KubernetesObject): KubernetesObject =>
  ({ ...object, spec: { ...(object as { spec?: object }).spec, suspend: true } }) as KubernetesObject;

/** Why a Job failed: by its own report, else under the reason given. */
export function failureOf(
  { restore, cluster }: RestoreInput,
  observed: ObservedJob,
  otherwise: HoldReasonOf<'Restore'>,
): RestoreFailure {
  const report = jobReport(observed);
  const message = report?.message ?? jobFailure(observed);
  const store =
    restore.spec.source === undefined
      ? `spec.backup.target of the OpenBaoCluster ${cluster.metadata.name}`
      : 'spec.source of a new OpenBaoRestore';
  return inWords(report?.reason ?? otherwise, message.replaceAll('spec.backup.target', store));
}
