import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
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
  settledStatus,
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
      'Stalled=False',
      'Reconciling=False',
      'Available=True',
      'Upgrading=False',
      'Degraded=False',
    ]);
  });
});

describe('what is wrong with a cluster', () => {
  const gone = known({ unsealKey: false, certificates: 'valid' } as const);

  it('keeps its pods as they are and starts no upgrade when they could not come back', () => {
    const seen = observation({
      cluster: settledCluster({ version: '2.6.0' }),
      secrets: gone,
      drifted: known([config, statefulSet()]),
    });
    const { effects, status } = decideCluster(seen, context());
    expect(effects).to.deep.equal([{ kind: 'apply', object: config }]);
    expect(status).to.not.have.property('upgrade');
    expect(status).to.deep.include({ phase: 'Failed', lastErrorReason: 'UnsealKeyMissing' });
  });

  it('stands in lastErrorReason as long as it is so', () => {
    const { status } = decideCluster(observation({ secrets: gone }), context());
    const after = decideCluster(observation({ cluster: settledCluster({}, status) }), context());
    expect(after.status).to.not.have.any.keys('lastErrorReason', 'lastErrorMessage');
    expect(after.status.phase).to.equal('Running');
  });

  it('leaves the words of an upgrade that holds alone', () => {
    const upgrade = { operationId: 'up00000001', phase: 'PreChecks', held: true } as const;
    const words = { lastErrorReason: 'LoginFailed', lastErrorMessage: 'no role' };
    const cluster = settledCluster({ paused: true }, { ...settledStatus(), upgrade, ...words });
    expect(decideCluster(observation({ cluster, secrets: gone }), context()).status).to.include(words);
  });

  it('stops changes of pods when two clusters answer, and says how to end it', () => {
    const seen = observation({
      cluster: settledCluster({ version: '2.6.0' }),
      members: membersOf(member(0), member(1, { clusterId: 'another', standby: false }), member(2)),
      drifted: known([statefulSet()]),
    });
    const { effects, status, events } = decideCluster(seen, context());
    expect(effects).to.deep.equal([]);
    expect(status).to.not.have.any.keys('upgrade', 'raft');
    expect(status.lastErrorReason).to.equal('SecondClusterDetected');
    expect(events.map(({ reason }) => reason)).to.include('SecondClusterDetected');
    expect(status.lastErrorMessage).to.match(
      /"enabled":true.*delete pod\/prod-1 -n bao --wait=false && kubectl delete pvc\/data-prod-1 .*"enabled":false\}\}\}'$/,
    );
  });

  it('is a child that the API server refuses, with its words and what to change', () => {
    const refused = [
      { kind: 'StatefulSet', name: 'prod', message: 'Forbidden: updates to statefulset spec' },
    ];
    const { status } = decideCluster(observation({ refused }), context());
    const message =
      'the API server refuses StatefulSet prod: Forbidden: updates to statefulset spec. Fix the spec: kubectl edit openbaocluster prod -n bao';
    expect(status).to.include({
      phase: 'Failed',
      lastErrorReason: 'ApplyRefused',
      lastErrorMessage: message,
    });
    const stalled = status.conditions?.find(({ type }) => type === 'Stalled');
    expect(stalled).to.include({ status: 'True', reason: 'ApplyRefused', message });
    const mended = decideCluster(observation({ cluster: settledCluster({}, status) }), context());
    expect(mended.status).to.not.have.property('lastErrorReason');
  });

  it('keeps what to do about a refusal behind long words', () => {
    const refused = [{ kind: 'StatefulSet', name: 'prod', message: 'x'.repeat(5_000) }];
    const { status } = decideCluster(observation({ refused }), context());
    expect(status.lastErrorMessage).to.match(/kubectl edit openbaocluster prod -n bao$/);
  });
});

describe('the next look', () => {
  const next = (spec: object, status: OpenBaoClusterStatus, given = {}) =>
    (decideCluster(observation({ cluster: settledCluster(spec, status), ...given }), context()).requeueAt ??
      0) - start;

  it('is soon while something is awaited, and late when nothing is or a person must act', () => {
    const { pollMs, idlePollMs } = context().settings;
    const silent = { members: new Map(), claims: known([]) };
    expect(next({}, settledStatus())).to.equal(idlePollMs);
    expect(next({}, { replicas: 3 }, { ...silent, raft: unknown('nobody leads') })).to.equal(pollMs);
    expect(next({ selfInit: { enabled: false } }, {}, silent)).to.equal(idlePollMs);
    expect(next({ paused: true, replicas: 5 }, settledStatus())).to.equal(idlePollMs);
  });
});

describe('what holds', () => {
  const soonest = (status: OpenBaoClusterStatus) =>
    decideCluster(
      observation({ cluster: settledCluster({ version: '2.5.6' }, { ...settledStatus(), ...status }) }),
      context(),
    ).requeueAt;
  const upgrade = {
    operationId: 'op00000001',
    fromVersion: '2.5.5',
    targetVersion: '2.5.6',
    fromImage: 'openbao/openbao:2.5.5',
    targetImage: 'openbao/openbao:2.5.6',
    phase: 'PreChecks',
  } as const;

  it('is looked at idly, for it waits for a person', () => {
    const error = { lastErrorReason: 'LoginFailed', lastErrorMessage: 'no' };
    expect(soonest({ upgrade: { ...upgrade, held: true }, ...error })).to.equal(start + 30_000);
    expect(soonest({ upgrade })).to.be.below(start + 30_000);
  });
});

describe('an upgrade of two members', () => {
  it('gives way to a third one, and starts anew by itself', () => {
    const two = observation({ cluster: settledCluster({ version: '2.5.6', replicas: 2 }) });
    const begun = decideCluster(two, context()).status;
    const held = decideCluster({ ...two, cluster: { ...two.cluster, status: begun } }, context()).status;
    expect(held.lastErrorReason).to.equal('QuorumWouldBeLost');
    const three = settledCluster({ version: '2.5.6', replicas: 3 }, held);
    const freed = decideCluster({ ...two, cluster: three }, context()).status;
    expect(freed).not.to.have.any.keys('upgrade', 'lastErrorReason');
    const grows = decideCluster({ ...two, cluster: { ...three, status: freed } }, context()).status;
    expect(grows.scaling).to.include({ replicas: 2, target: 3 });
    expect(grows.upgrade).to.equal(undefined);
    const { scaling: _, operationLock: __, ...grown } = grows;
    const after = observation({ cluster: settledCluster({ version: '2.5.6' }, { ...grown, replicas: 3 }) });
    expect(decideCluster(after, context()).status.upgrade?.phase).to.equal('PreChecks');
  });

  it('is not begun while the size cannot be changed yet', () => {
    const two = observation({
      cluster: settledCluster({ version: '2.5.6', replicas: 3 }, settledStatus(2)),
      raft: unknown('timed out'),
    });
    expect(decideCluster(two, context()).status.upgrade).to.equal(undefined);
  });
});

describe('an upgrade', () => {
  it('is decided on with everything else', () => {
    const { status } = decideCluster(
      observation({ cluster: settledCluster({ version: '2.6.0' }) }),
      context(),
    );
    expect(status.upgrade).to.include({ targetVersion: '2.6.0' });
    expect(status.phase).to.equal('Upgrading');
  });

  it('waits for a change of size that was asked for with it', () => {
    const five = observation({
      cluster: settledCluster({ version: '2.6.0', replicas: 5 }, settledStatus(3)),
      statefulSet: known(statefulSet()),
      pods: known([0, 1, 2].map((ordinal) => serverPod(ordinal))),
      raft: known(raftOf(['prod-0', 'prod-1', 'prod-2'])),
    });
    const { status } = decideCluster(five, context());
    expect(status.operationLock?.operation).to.equal('Scale');
    expect(status.scaling?.target).to.equal(5);
  });

  it('is not rendered in the pass that begins it: what is applied was rendered from the stored status', () => {
    const cluster = settledCluster({ version: '2.6.0' });
    const seen = observation({ cluster, drifted: known([config, statefulSet()]) });
    expect(decideCluster(seen, context()).effects).to.not.deep.include({
      kind: 'apply',
      object: statefulSet(),
    });
    const idle = observation({ drifted: known([config, statefulSet()]) });
    expect(decideCluster(idle, context()).effects).to.deep.include({ kind: 'apply', object: statefulSet() });
  });
});
