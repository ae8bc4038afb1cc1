import { expect } from 'chai';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import type { Effect } from '../../../src/core/model/decision.ts';
import { decideFinalizer } from '../../../src/core/cluster/deletion.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { clusterFinalizer } from '../../../src/api/labels.ts';
import { context, observation, settledCluster, settledStatus } from '../../support/observation.ts';

type Given = Parameters<typeof observation>[0];
type Policy = NonNullable<OpenBaoClusterSpec['deletionPolicy']>;

const short = (effect: Effect) =>
  'target' in effect
    ? `${effect.kind} ${effect.target.kind} ${effect.target.name}${effect.kind === 'patch' ? ` ${JSON.stringify(effect.patch)}` : ''}`
    : effect.kind;

function deleting(deletionPolicy: Policy, given: Given = {}, finalizers = [clusterFinalizer]) {
  const metadata = { deletionTimestamp: '2026-01-02T03:04:05Z', finalizers };
  const cluster = settledCluster({ deletionPolicy }, settledStatus(), metadata);
  const { effects, status } = decideCluster(observation({ cluster, ...given }), context());
  expect(status.phase).to.equal('Deleting');
  return effects.map(short);
}

const gone = { statefulSet: known(undefined), pods: known([]) };
const letGo = 'patch OpenBaoCluster prod {"metadata":{"finalizers":[]}}';

describe('the finalizer', () => {
  const finalizer = (deletionPolicy: Policy | undefined, finalizers: string[]) => {
    const spec = deletionPolicy === undefined ? {} : { deletionPolicy };
    const cluster = settledCluster(spec, settledStatus(), { finalizers });
    return decideFinalizer(observation({ cluster }), {}, context()).effects.map(short);
  };

  it('is there only when something goes with the cluster, and others keep theirs', () => {
    expect(finalizer(undefined, [])).to.deep.equal([]);
    expect(finalizer('Retain', ['other', clusterFinalizer])).to.deep.equal([
      'patch OpenBaoCluster prod {"metadata":{"finalizers":["other"]}}',
    ]);
    expect(finalizer('DeletePVCs', ['other'])).to.deep.equal([
      `patch OpenBaoCluster prod {"metadata":{"finalizers":["other","${clusterFinalizer}"]}}`,
    ]);
    expect(finalizer('DeleteAll', [clusterFinalizer])).to.deep.equal([]);
  });
});

describe('a cluster that is deleted', () => {
  it('keeps volumes and unseal key under Retain', () => {
    expect(deleting('Retain')).to.deep.equal([letGo]);
    expect(deleting('Retain', {}, [])).to.deep.equal([]);
  });

  it('loses its pods first, then its volumes', () => {
    expect(deleting('DeletePVCs')).to.deep.equal(['delete StatefulSet prod']);
    expect(deleting('DeletePVCs', { statefulSet: known(undefined) })).to.deep.equal([
      'delete Pod prod-0',
      'delete Pod prod-1',
      'delete Pod prod-2',
    ]);
    expect(deleting('DeletePVCs', gone)).to.deep.equal([
      'delete PersistentVolumeClaim data-prod-0',
      'delete PersistentVolumeClaim data-prod-1',
      'delete PersistentVolumeClaim data-prod-2',
    ]);
    expect(deleting('DeletePVCs', { ...gone, claims: known([]) })).to.deep.equal([letGo]);
  });

  it('loses its unseal key under DeleteAll alone, and last', () => {
    expect(deleting('DeleteAll', gone)).to.not.include('delete Secret prod-unseal-key');
    const bare = { ...gone, claims: known([]) };
    expect(deleting('DeleteAll', bare)).to.deep.equal(['delete Secret prod-unseal-key']);
    const secrets = known({ unsealKey: false, certificates: 'valid' } as const);
    expect(deleting('DeleteAll', { ...bare, secrets })).to.deep.equal([letGo]);
  });

  it('keeps a key under DeleteAll that is not its own', () => {
    const metadata = { deletionTimestamp: '2026-01-02T03:04:05Z', finalizers: [clusterFinalizer] };
    const spec = { deletionPolicy: 'DeleteAll', unseal: { type: 'transit' } } as const;
    const cluster = settledCluster(spec, settledStatus(), metadata);
    const seen = observation({ cluster, ...gone, claims: known([]) });
    expect(decideCluster(seen, context()).effects.map(short)).to.deep.equal([letGo]);
  });

  it('waits for what could not be read', () => {
    const unread = unknown('the API server did not answer');
    for (const given of [{ statefulSet: unread }, { ...gone, pods: unread }, { ...gone, claims: unread }]) {
      expect(deleting('DeleteAll', given)).to.deep.equal([]);
    }
    expect(deleting('DeleteAll', { ...gone, claims: known([]), secrets: unread })).to.deep.equal([]);
  });

  it('gets nothing applied or made any more', () => {
    const drifted = known([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prod-config' } }]);
    expect(deleting('Retain', { drifted }, [])).to.deep.equal([]);
  });
});
