import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { OpenBaoCluster } from '../../../src/api/openbaocluster.ts';
import { executorJob } from '../../../src/core/jobs/executor-job.ts';
import { hookJob } from '../../../src/core/jobs/hook-job.ts';
import { sealCheckJob } from '../../../src/core/jobs/seal-check-job.ts';
import { executorActions } from '../../../src/core/jobs/step.ts';
import { versionCheckJob } from '../../../src/core/jobs/version-check-job.ts';
import { settings } from './settings.ts';
import { stepOf } from './step-of.ts';

export const operationId = 'k3v9x0q2ab';

/** One Job of every kind that a cluster has Jobs of. */
export const allJobs = (owner: OpenBaoCluster): readonly KubernetesObject[] => [
  ...executorActions.map((action) => executorJob(owner, stepOf(action, operationId), settings)),
  versionCheckJob(owner, { operationId, image: 'openbao/openbao:2.5.5' }, settings),
  sealCheckJob(owner, { action: 'seal-check', operationId }, 'openbao/openbao:2.5.5', settings),
  hookJob(owner, { action: 'pre-promotion-hook', operationId }, { image: 'hook:1' }, ['prod-r1-0']),
];
