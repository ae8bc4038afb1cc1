import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import type { ClusterEvent } from '../../../src/core/model/decision.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { operationUnderWay } from '../../../src/core/restore/under-way.ts';
import { restorePhases } from '../../../src/api/openbaorestore.ts';
import { context, observation, settledCluster, settledStatus, start } from '../../support/observation.ts';

const minute = 60_000;
const operationId = 'restore001';

/** Locked at `start`, and never renewed; the spec asks for an upgrade. */
const status: OpenBaoClusterStatus = {
  ...settledStatus(),
  operationLock: {
    operation: 'Restore',
    holder: 'openbaorestore/back',
    operationId,
    acquiredAt: new Date(start).toISOString(),
    renewedAt: new Date(start).toISOString(),
  },
  restore: { name: 'back', operationId },
};

const decided = (given: Partial<Observation>, afterMs: number) =>
  decideCluster(
    observation({ cluster: settledCluster({ version: '2.5.6' }, status), ...given }),
    context({ now: start + afterMs }),
  );

const taken = (events: readonly ClusterEvent[]) =>
  events.filter(({ reason }) => reason === 'OperationLockTakenOver');

describe('the lock of a restore', () => {
  it('stays while the restore is under way, however long nobody renews it (C1)', () => {
    const { status: after, events } = decided(
      { restoresUnderWay: known(['another001', operationId]), lockUnchangedMs: 26 * 60 * minute },
      26 * 60 * minute,
    );
    expect(after.operationLock).to.deep.equal(status.operationLock);
    expect(after).to.not.have.property('upgrade');
    expect(taken(events)).to.deep.equal([]);
  });

  it('stays under a clock that is ahead, however old its times look (C1)', () => {
    const { status: after, requeueAt } = decided({ lockUnchangedMs: 0 }, 11 * minute);
    expect(after.operationLock).to.deep.equal(status.operationLock);
    expect(after).to.not.have.property('upgrade');
    expect(requeueAt).to.be.at.most(start + 21 * minute);
  });

  it('stays while the restores cannot be read (C1)', () => {
    const { status: after } = decided(
      { restoresUnderWay: unknown('not read yet'), lockUnchangedMs: 60 * minute },
      60 * minute,
    );
    expect(after.operationLock).to.deep.equal(status.operationLock);
  });

  it('is free after ten minutes of silence where nothing shows its operation, under a clock behind too (C1)', () => {
    const at = (lockUnchangedMs: number) =>
      decided({ restoresUnderWay: known(['another001']), lockUnchangedMs }, -60 * minute);
    expect(at(10 * minute - 1).status.operationLock?.operationId).to.equal(operationId);
    const { status: after, events } = at(10 * minute);
    expect(after.operationLock?.operation).to.not.equal('Restore');
    expect(taken(events)).to.have.length(1);
    expect(taken(events)[0]?.note).to.contain('no restore, no Job and no other status shows it');
  });
});

describe('a restore that is under way', () => {
  it('is one that has begun and not ended, whatever its phase is called (C1)', () => {
    const phased = (phase: string) => operationUnderWay({ status: { phase, operationId } } as object);
    const ended = [...restorePhases, 'Unheard'].filter((phase) => phased(phase) === undefined);
    expect(ended).to.deep.equal(['Complete', 'Failed']);
    expect(phased('Restoring')).to.equal(operationId);
    expect(operationUnderWay({})).to.equal(undefined);
  });
});
