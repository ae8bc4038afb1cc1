import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known } from '../../../src/core/known.ts';
import {
  clusterId,
  context,
  emptyMember,
  member,
  membersOf,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  start,
  statefulSet,
} from '../../support/observation.ts';

const config: KubernetesObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prod-config' } };
const noSecrets = known({ unsealKey: false, certificates: 'absent' } as const);

/** Nothing is there but the object itself. */
const born = (status: OpenBaoClusterStatus = {}, spec = {}) =>
  observation({
    cluster: settledCluster(spec, status),
    statefulSet: known(undefined),
    pods: known([]),
    claims: known([]),
    members: new Map(),
    raft: { kind: 'unknown', cause: 'no member leads' },
    secrets: noSecrets,
    drifted: known([config, statefulSet()]),
  });

describe('a cluster that comes up', () => {
  it('gets its unseal key, its certificates and then its children', () => {
    const { effects, status } = decideCluster(born({ replicas: 3 }), context());
    expect(effects.map(({ kind }) => kind)).to.deep.equal([
      'createUnsealKey',
      'issueCertificates',
      'apply',
      'apply',
    ]);
    expect(status).to.include({
      phase: 'Initializing',
      observedGeneration: 1,
      replicas: 3,
      leaseTransitions: 1,
    });
  });

  it('records its size first: the StatefulSet follows in the next pass', () => {
    const { effects, status } = decideCluster(born(), context());
    expect(status.replicas).to.equal(3);
    expect(effects).to.deep.include({ kind: 'apply', object: config });
    expect(effects).not.to.deep.include({ kind: 'apply', object: statefulSet() });
  });

  it('records what its leader reports: who it is, what it runs, who votes', () => {
    const seen = observation({
      cluster: settledCluster({}, { replicas: 3 }),
      members: membersOf(member(0), emptyMember(1), emptyMember(2)),
      pods: known([serverPod(0), serverPod(1, { ready: false }), serverPod(2, { ready: false })]),
      raft: known(raftOf(['prod-0'])),
    });
    const { status, events } = decideCluster(seen, context());
    expect(status).to.deep.include({
      initialized: true,
      clusterID: clusterId,
      currentVersion: '2.5.5',
      image: 'openbao/openbao:2.5.5',
      activeLeader: 'prod-0',
      readyReplicas: 1,
      raft: { voters: ['prod-0'], nonVoters: [], leader: 'prod-0' },
      members: [{ name: 'prod-0', claimUID: 'claim-0' }],
      phase: 'Running',
    });
    expect(events.map(({ reason }) => reason)).to.deep.equal(['Initialized', 'LeaderChanged']);
  });

  it('settles: the same observation with the status that was written changes nothing', () => {
    const seen = observation();
    const { status } = decideCluster(seen, context());
    const stored = observation({ cluster: settledCluster({}, status) });
    const again = decideCluster(stored, context({ now: start + 60_000, leaseTransitions: 9 }));
    expect(again.status).to.equal(stored.cluster.status);
    expect(again).to.deep.include({ effects: [], events: [] });
    expect(status.conditions?.map((each) => `${each.type}=${each.status}`)).to.deep.equal([
      'Ready=True',
      'Reconciling=False',
      'Stalled=False',
      'Available=True',
      'Upgrading=False',
      'Degraded=False',
    ]);
  });
});
