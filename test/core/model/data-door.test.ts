import { expect } from 'chai';
import { clusterUnsealKey, clusterVolumes, formerVolume } from '../../../src/core/model/data-door.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { claim, observation, raftOf, settledCluster, settledStatus } from '../../support/observation.ts';

describe('L2: the door out for data', () => {
  it('lets the volume of a former member go where the leader does not list it, by its exact name', () => {
    const names = (raft: Parameters<typeof observation>[0] & object, ordinal = 1) =>
      formerVolume(observation(raft), claim(ordinal)).map((effect) => effect.kind);
    expect(names({ raft: known(raftOf(['prod-0', 'prod-2', 'prod-10'])) })).to.deep.equal(['delete']);
    expect(names({ raft: known(raftOf(['prod-0', 'prod-1', 'prod-2'])) })).to.deep.equal([]);
    const nonVoters = { nonVoters: ['prod-1'] };
    expect(names({ raft: known(raftOf(['prod-0', 'prod-1'], nonVoters)) })).to.deep.equal([]);
    expect(names({ raft: unknown('nobody leads') })).to.deep.equal([]);
    const going = claim(1, null, { deletionTimestamp: '2026-01-02T03:04:05Z' });
    expect(formerVolume(observation({ raft: known(raftOf(['prod-0'])) }), going)).to.deep.equal([]);
  });

  it('lets nothing of a cluster go that is not going, whatever is confirmed', () => {
    const metadata = { annotations: { 'rollguard.io/confirm-delete': 'c-1' } };
    const status = { ...settledStatus(), deletionPolicy: 'DeleteAll' } as const;
    const cluster = settledCluster({ deletionPolicy: 'DeleteAll' }, status, metadata);
    expect(clusterVolumes(cluster, [claim(0)])).to.equal(undefined);
    expect(clusterUnsealKey(cluster, 'key-1')).to.equal(undefined);
    const going = settledCluster({ deletionPolicy: 'DeleteAll' }, status, {
      ...metadata,
      deletionTimestamp: '2026-01-02T03:04:05Z',
    });
    expect(clusterVolumes(going, [claim(0)])).to.have.length(1);
    expect(clusterUnsealKey(going, 'key-1')).to.deep.equal([{ kind: 'deleteUnsealKey', uid: 'key-1' }]);
  });
});
