import { expect } from 'chai';
import { actionAnnotation } from '../../../src/api/labels.ts';
import { timestamp } from '../../../src/core/model/time.ts';
import { decideScale } from '../../../src/core/cluster/scale/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { decideUpgrade } from '../../../src/core/upgrade/rolling/decide.ts';
import {
  context,
  observation,
  observedJob,
  settledCluster,
  settledStatus,
  start,
} from '../../support/observation.ts';

function removal(outcome: 'running' | 'succeeded') {
  const { job } = observedJob('prod-remove-peer-disk1-2', outcome);
  const metadata = { ...job.metadata, annotations: { [actionAnnotation]: 'remove-peer' } };
  return known([{ job: { ...job, metadata } }]);
}

describe('while a Job removes a peer for another reason', () => {
  const deadline = timestamp(start + 600_000);

  const growing = (jobs: ReturnType<typeof removal> | ReturnType<typeof unknown>) => {
    const scaling = { operationId: 'op1', replicas: 3, target: 5, deadline };
    const status = { ...settledStatus(), scaling };
    const cluster = settledCluster({ replicas: 5 }, status);
    const three = { ...observation(), cluster, jobs };
    return decideScale(three, status, context()).status.scaling?.step;
  };

  it('no member joins or leaves', () => {
    expect(growing(removal('running'))).to.equal(undefined);
    expect(growing(unknown('not read'))).to.equal(undefined);
    expect(growing(removal('succeeded'))).to.equal('Joining');
  });

  const upgrading = (jobs: ReturnType<typeof removal>, phase: 'PreChecks' | 'Locking') => {
    const upgrade = {
      operationId: 'op1',
      fromVersion: '2.5.5',
      fromImage: 'openbao/openbao:2.5.5',
      targetVersion: '2.5.5',
      targetImage: 'openbao/openbao:2.5.5',
      restartAt: '2026-01-02T03:04:05Z',
      referenceIndex: 100,
      phase,
      deadline,
      currentPartition: 3,
    } as const;
    const status = { ...settledStatus(), upgrade };
    const cluster = settledCluster(
      { version: '2.5.5', maintenance: { restartAt: upgrade.restartAt } },
      status,
    );
    return decideUpgrade({ ...observation({ cluster }), jobs }, status, context());
  };

  it('no upgrade gets past its checks', () => {
    const waits = upgrading(removal('running'), 'PreChecks');
    expect(waits.status.upgrade?.waitingFor).to.contain('prod-remove-peer-disk1-2');
    expect(waits.effects).to.deep.equal([]);
    const goesOn = upgrading(removal('succeeded'), 'PreChecks');
    expect(goesOn.effects.map(({ kind }) => kind)).to.deep.equal(['create']);
  });
});
