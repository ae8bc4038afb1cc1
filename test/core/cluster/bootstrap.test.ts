import { expect } from 'chai';
import type { KubernetesObject, PersistentVolumeClaim } from '../../../src/api/kubernetes.ts';
import { clusterIdAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  claim,
  clusterId,
  context,
  emptyMember,
  member,
  membersOf,
  observation,
  settledCluster,
  settledStatus,
} from '../../support/observation.ts';
import { inputsOf } from '../workload/inputs-of.ts';

const born = '2026-01-02T03:04:00Z';
const later = '2026-01-02T03:05:00Z';
const made = (given: PersistentVolumeClaim['metadata'] = {}) =>
  [0, 1, 2].map((ordinal) =>
    claim(ordinal, null, {
      uid: `new-${ordinal}`,
      creationTimestamp: later,
      ...(ordinal === 2 ? given : {}),
    }),
  );
const empty = membersOf(emptyMember(0), emptyMember(1), emptyMember(2));
const nobodyLeads = unknown('no member leads');
const cluster = (status: OpenBaoClusterStatus) => settledCluster({}, status, { creationTimestamp: born });
const decided = (given: Partial<Observation>, status: OpenBaoClusterStatus = {}) =>
  decideCluster(observation({ cluster: cluster(status), raft: nobodyLeads, ...given }), context());

describe('a cluster that is created again while a volume of the last one is being deleted', () => {
  const going = [claim(0, '2.5.5', { deletionTimestamp: later, creationTimestamp: '2026-01-01T00:00:00Z' })];
  const set = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'prod' },
    spec: { replicas: 3 },
  };
  const before = {
    statefulSet: known(undefined),
    pods: known([]),
    members: new Map(),
    claims: known(going),
    drifted: known([set as KubernetesObject]),
  };

  it('makes no member until it is gone: who starts beside it makes no cluster, and is not told anew', () => {
    const status = { replicas: 3 };
    const { effects, status: after } = decided(before, status);
    expect(effects.filter(({ kind }) => kind === 'apply')).to.deep.equal([]);
    expect(after.conditions?.find(({ type }) => type === 'Reconciling')?.message).to.include('data-prod-0');
    expect(after).to.not.have.any.keys('initialized', 'clusterID');
    const applied = decided({ ...before, claims: known([]) }, status).effects;
    expect(applied.some(({ kind }) => kind === 'apply')).to.equal(true);
  });

  it('then makes its cluster: nothing of the last one stays in the status', () => {
    const { status } = decided(before);
    expect(inputsOf(cluster(status), { claims: going }).selfInitialize).to.equal(false);
    expect(inputsOf(cluster(status), { claims: made() }).selfInitialize).to.equal(true);
  });
});

describe('a volume that is marked beside members that hold no data', () => {
  const marked = made({ annotations: { [clusterIdAnnotation]: 'x' } });

  it('holds and says which, is not recorded, and is over with the mark', () => {
    const { status } = decided({ claims: known(marked), members: empty });
    expect(status).to.not.have.any.keys('initialized', 'clusterID');
    expect(status.lastErrorReason).to.equal('DataMissing');
    expect(status.lastErrorMessage)
      .to.include('kubectl annotate pvc -n bao data-prod-2 rollguard.io/cluster-id-')
      .and.include('kubectl delete pod/prod-0');
    expect(inputsOf(cluster(status), { claims: marked }).selfInitialize).to.equal(false);
    const unmarked = decided({ claims: known(made()), members: empty }, status).status;
    expect(unmarked.lastErrorReason).to.equal(undefined);
    expect(inputsOf(cluster(status), { claims: made() }).selfInitialize).to.equal(true);
  });

  it('does not hold while a member has not answered, or where one is initialized', () => {
    const some = membersOf(emptyMember(0), emptyMember(1));
    expect(decided({ claims: known(marked), members: some }).status.lastErrorReason).to.equal(undefined);
    const mixed = membersOf(member(0), emptyMember(1), emptyMember(2));
    const { status } = decided({ claims: known(marked), members: mixed });
    expect(status.lastErrorReason).to.not.equal('DataMissing');
    expect(status.initialized).to.equal(true);
  });

  it('is told of as lost where nobody answers', () => {
    const { status } = decided({ claims: known(marked), members: new Map() });
    expect(status.conditions?.find(({ type }) => type === 'Available')?.reason).to.not.equal(
      'NotInitialized',
    );
  });
});

describe('a cluster all of whose volumes are new', () => {
  it('holds, makes no other cluster, and says how to go on', () => {
    const { status } = decided({ claims: known(made()), members: empty }, settledStatus());
    expect(status.lastErrorReason).to.equal('DataMissing');
    expect(status.lastErrorMessage).to.include('restore.md#into-an-empty-cluster');
    expect(status.conditions?.find(({ type }) => type === 'Stalled')?.status).to.equal('True');
    expect(status.clusterID).to.equal(clusterId);
    expect(inputsOf(cluster(settledStatus()), { claims: made() }).selfInitialize).to.equal(false);
  });
});
