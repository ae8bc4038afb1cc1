import { expect } from 'chai';
import * as fc from 'fast-check';
import { jobName } from '../../../src/core/jobs/job-name.ts';
import { executorActions } from '../../../src/core/jobs/step.ts';
import { halves, stepOf } from './step-of.ts';

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

describe('the name of a Job', () => {
  it('says cluster, action, operation, ordinal and attempt', () => {
    const step = { action: 'step-down', operationId: 'k3v9x0q2ab' } as const;
    expect(jobName('prod', step)).to.equal('prod-step-down-k3v9x0q2ab');
    expect(jobName('prod', { ...step, pod: 'prod-2' })).to.equal('prod-step-down-k3v9x0q2ab-2');
    expect(jobName('prod', { ...step, pod: 'prod-2', attempt: 1 })).to.equal(
      'prod-step-down-k3v9x0q2ab-2-a1',
    );
    expect(jobName('prod', { action: 'version-check', operationId: 'k3v9x0q2ab' })).to.equal(
      'prod-version-check-k3v9x0q2ab',
    );
  });

  // The specification, page 001, names one so.
  it('says upgrade, cluster, action, operation and retry where it is about the halves', () => {
    const step = { action: 'repair-consensus', operationId: 'k3v9x0q2ab', halves } as const;
    expect(jobName('prod-cluster', step)).to.equal('upgrade-prod-cluster-repair-consensus-k3v9x0q2ab');
    expect(jobName('prod-cluster', { ...step, attempt: 1 })).to.equal(
      'upgrade-prod-cluster-repair-consensus-k3v9x0q2ab-retry-1',
    );
    const cleanup = { ...step, action: 'dead-server-cleanup' } as const;
    expect(jobName('prod', { ...cleanup, enabled: true })).to.equal(
      'upgrade-prod-dead-server-cleanup-k3v9x0q2ab-on',
    );
    expect(jobName('prod', { ...cleanup, enabled: false })).to.equal(
      'upgrade-prod-dead-server-cleanup-k3v9x0q2ab-off',
    );
  });

  const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,60}[a-z0-9])?$/);
  const step = fc.record(
    {
      action: fc.constantFrom(...executorActions),
      operationId: fc.stringMatching(/^[a-z0-9]{10}$/),
      ordinal: fc.nat({ max: 99 }),
      attempt: fc.nat({ max: 9 }),
    },
    { requiredKeys: ['action', 'operationId'] },
  );
  const named = (
    cluster: string,
    { ordinal, ...rest }: typeof step extends fc.Arbitrary<infer T> ? T : never,
  ) => {
    const { action, operationId, attempt } = rest;
    const pod = ordinal === undefined ? undefined : `${cluster}-${ordinal}`;
    return jobName(cluster, {
      ...stepOf(action, operationId, pod),
      ...(attempt === undefined ? {} : { attempt }),
    });
  };

  it('fits a label, whatever the cluster is called', () => {
    fc.assert(fc.property(name, step, (cluster, wanted) => label.test(named(cluster, wanted))));
  });

  // docs/facts/openbao-operator.md, 7.1, 6: a second attempt took the first one's outcome for its own.
  it('differs when operation, action, subject or attempt differ, also when it is shortened', () => {
    fc.assert(
      fc.property(name, step, step, (cluster, a, b) => {
        const [first, second] = [a, b].map((each) =>
          // What is about the halves is about no single pod.
          JSON.stringify(each, 'halves' in stepOf(each.action, '') ? keys.with(2, '') : keys),
        );
        fc.pre(first !== second);
        return named(cluster, a) !== named(cluster, b);
      }),
    );
  });
  const keys = ['action', 'operationId', 'ordinal', 'attempt'];

  it('differs between long cluster names that begin alike', () => {
    const wanted = { action: 'step-down', operationId: 'k3v9x0q2ab' } as const;
    const long = 'a'.repeat(55);
    expect(jobName(`${long}x`, wanted)).not.to.equal(jobName(`${long}y`, wanted));
  });
});
