import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { executorJob } from '../../../src/core/jobs/executor-job.ts';
import { hookJob } from '../../../src/core/jobs/hook-job.ts';
import { executorActions } from '../../../src/core/jobs/step.ts';
import { versionCheckJob } from '../../../src/core/jobs/version-check-job.ts';
import { cluster } from '../../support/builders.ts';
import { settings } from './settings.ts';
import { stepOf } from './step-of.ts';

const operationId = 'k3v9x0q2ab';
const owner = cluster({ backup: { target: { provider: 'pvc', claimName: 'snapshots' } } });
const jobs: readonly KubernetesObject[] = [
  ...executorActions.map((action) => executorJob(owner, stepOf(action, operationId), settings)),
  versionCheckJob(owner, { operationId, image: 'openbao/openbao:2.5.5' }, settings),
  hookJob(owner, { action: 'pre-promotion-hook', operationId }, { image: 'hook:1' }, ['prod-r1-0']),
];

describe('the pod of every Job', () => {
  it('requests CPU and memory, so that it is not the first to be evicted', () => {
    for (const job of jobs as any[]) {
      for (const { name, resources } of job.spec.template.spec.containers) {
        expect(resources.requests, `${job.metadata.name} ${name}`).to.deep.equal({
          cpu: '10m',
          memory: '64Mi',
        });
      }
    }
  });
});
