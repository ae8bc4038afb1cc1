import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known } from '../../../src/core/model/known.ts';
import { whyNotLock } from '../../../src/core/restore/why-not-lock.ts';
import { claim, context, observation, settledCluster, settledStatus } from '../../support/observation.ts';

const blocked = (status: OpenBaoClusterStatus) => whyNotLock(settledCluster({}, status), [], 'op00000001');

describe('a restore, before it locks the cluster', () => {
  it('waits for a person to say which members hold the data of now (L1)', () => {
    const revisions = ['data-prod-0', 'data-prod-r01234abcde-0'].map((name) => claim(0, '2.5.5', { name }));
    const lost = observation({
      cluster: settledCluster({}, {}),
      claims: known(revisions),
      pods: known([]),
      statefulSet: known(undefined),
      statefulSets: known([]),
      members: new Map(),
    });
    const { status } = decideCluster(lost, context());
    expect(status.lastErrorReason).to.equal('RevisionUnknown');
    // Also where the status still says a version.
    for (const seen of [status, { ...settledStatus(), ...status }]) {
      expect(blocked(seen)).to.include({ held: true });
      expect(blocked(seen)?.reason).to.contain('RevisionUnknown').and.contain('rollguard status prod -n bao');
    }
  });

  it('waits while a status that was lost has not been read again (L1)', () => {
    expect(blocked({})).to.include({ held: false });
    expect(blocked({})?.reason).to.contain('status.currentVersion');
    expect(blocked(settledStatus())).to.equal(undefined);
  });

  it('waits no longer when it is settled', () => {
    const said = { type: 'Degraded', reason: 'RevisionUnknown', message: '', lastTransitionTime: 'then' };
    expect(blocked({ ...settledStatus(), conditions: [{ ...said, status: 'False' }] })).to.equal(undefined);
  });
});
