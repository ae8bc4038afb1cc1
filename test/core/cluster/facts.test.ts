import { wordsOf } from '../../support/notices.ts';
import { expect } from 'chai';
import { clusterIdAnnotation, restartAtAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideFacts } from '../../../src/core/cluster/facts.ts';
import { decideIdentity, withTrustedRaft } from '../../../src/core/cluster/identity.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  claim,
  clusterId,
  context,
  emptyMember,
  member,
  membersOf,
  newRevision,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  settledStatus,
  statefulSet,
} from '../../support/observation.ts';

type Given = Parameters<typeof observation>[0];

const facts = (given: Given = {}, status: OpenBaoClusterStatus = settledStatus()) =>
  decideFacts(observation(given), status, context()).status;
const unread = unknown('the API server did not answer');

describe('what is recorded of a cluster', () => {
  it('is that it was initialized, for ever: pod 0 on an empty disk is told to make no cluster (openbao-operator.md 7.1 #18)', () => {
    const wiped = { members: membersOf(emptyMember(0), member(1), member(2)) };
    expect(facts(wiped).initialized).to.equal(true);
    expect(facts({ members: new Map() }, { initialized: true }).initialized).to.equal(true);
  });

  it('is not what the volumes alone are marked with: their word is asked anew at each look', () => {
    const silent = { members: new Map(), raft: unread };
    expect(facts(silent, {})).to.not.have.any.keys('initialized', 'clusterID');
  });

  it('is no leader of another cluster than the volumes are marked with, where the status was lost', () => {
    const others = membersOf(...[0, 1, 2].map((ordinal) => member(ordinal, { clusterId: 'another' })));
    expect(facts({ members: others }, {})).to.not.have.any.keys('clusterID', 'currentVersion');
    const going = [0, 1, 2].map((ordinal) =>
      claim(ordinal, '2.5.5', { deletionTimestamp: '2026-01-02T03:04:05Z' }),
    );
    expect(facts({ members: others, claims: known(going) }, {}).clusterID).to.equal('another');
    const two = [claim(0), claim(1, '2.5.5', { annotations: { [clusterIdAnnotation]: 'another' } })];
    expect(facts({ members: others, claims: known(two) }, {}).clusterID).to.equal('another');
    expect(facts({}, {}).clusterID).to.equal(clusterId);
  });

  it('does not grow at once where the volumes hold data', () => {
    const silent = { cluster: settledCluster({ replicas: 5 }), members: new Map(), raft: unread };
    const size = (claims: Given) => facts({ ...silent, ...claims }, { replicas: 3 }).replicas;
    expect(size({})).to.equal(3);
    expect(size({ claims: known([claim(0, null)]) })).to.equal(5);
  });

  it('is the restart that it was born with as carried out: its pods have been started since', () => {
    const born = settledCluster({ maintenance: { restartAt: '2026-01-01T00:00:00Z' } }, {});
    const set = statefulSet();
    const annotations = { [restartAtAnnotation]: '2026-01-01T00:00:00Z' };
    const template = { ...set.spec?.template, metadata: { annotations } };
    const made = known({ ...set, spec: { ...set.spec, template } });
    expect(facts({ cluster: born, statefulSet: made }, {}).lastRestartAt).to.equal('2026-01-01T00:00:00Z');
    // Asked for meanwhile, or being carried out when the status was lost: it is still to be done.
    expect(facts({ cluster: born }, {}).lastRestartAt).to.equal(undefined);
    const half = statefulSet({ partition: 1, updateRevision: newRevision });
    const rolling = known({ ...half, spec: { ...half.spec, template } });
    expect(facts({ cluster: born, statefulSet: rolling }, {}).lastRestartAt).to.equal(undefined);
    expect(facts({ cluster: born }, { currentVersion: '2.5.5' })).to.not.have.property('lastRestartAt');
  });

  it('is nothing of a pod that another pod of its name answered for', () => {
    const stale = { members: membersOf(member(0, { podUID: 'an-earlier-one' })), claims: known([]) };
    expect(facts(stale, {})).to.not.have.any.keys('initialized', 'clusterID', 'currentVersion');
  });

  it('is the version that the leader itself reports, once: a member at another version changes nothing (openbao-operator.md 7.1 #10)', () => {
    const members = membersOf(member(0, { version: '2.4.4' }), member(1, { version: '2.5.5' }));
    expect(facts({ members }, {}).currentVersion).to.equal('2.4.4');
    expect(facts({ members }, { currentVersion: '2.5.5' }).currentVersion).to.equal('2.5.5');
  });

  it('is the image of the template, not what admission made of it in the pod', () => {
    const { image: _, ...status } = settledStatus();
    const pods = known(
      [0, 1, 2].map((ordinal) => serverPod(ordinal, { image: 'mirror.example/openbao@sha256:1' })),
    );
    expect(facts({ pods }, status).image).to.equal('openbao/openbao:2.5.5');
    const newer = known(statefulSet({ image: 'openbao/openbao:2.5.6', updateRevision: newRevision }));
    expect(facts({ statefulSet: newer }, status).image, 'of an older template').to.equal(
      'openbao/openbao:2.5.5',
    );
    expect(facts({ statefulSet: unread }, status).image).to.equal(undefined);
  });

  it('is no version and no id while nobody leads', () => {
    const members = membersOf(member(0, { standby: true }), member(1));
    expect(facts({ members, raft: unread, claims: known([]) }, {})).to.not.have.any.keys(
      'clusterID',
      'currentVersion',
      'activeLeader',
    );
  });

  it('stays as it was where nothing could be read', () => {
    const before = facts();
    const nothing = { pods: unread, claims: unread, raft: unread, statefulSet: unread };
    expect(facts({ ...nothing, members: new Map() }, before)).to.deep.equal(before);
  });

  it('has no leader when everybody answers and nobody leads', () => {
    const members = membersOf(member(0, { standby: true }), member(1), member(2));
    expect(facts({ members, raft: unread }, { activeLeader: 'prod-0' })).to.not.have.property('activeLeader');
  });

  it('keeps the leader while somebody does not answer', () => {
    const members = new Map([...membersOf(member(1), member(2)), ['prod-0', unread] as const]);
    expect(facts({ members, raft: unread }, { activeLeader: 'prod-0' }).activeLeader).to.equal('prod-0');
  });

  it('is the membership in the order of the ordinals, the same when nothing changed', () => {
    const before = facts({
      raft: known(raftOf(['prod-2', 'prod-0', 'prod-10'], { nonVoters: ['prod-10'] })),
    });
    expect(before.raft).to.deep.equal({
      voters: ['prod-0', 'prod-2'],
      nonVoters: ['prod-10'],
      leader: 'prod-2',
    });
    const shuffled = raftOf(['prod-10', 'prod-0', 'prod-2'], { leader: 'prod-2', nonVoters: ['prod-10'] });
    expect(facts({ raft: known(shuffled) }, before).raft).to.equal(before.raft);
  });

  it('is the size of the StatefulSet that is there, else the wanted one', () => {
    const five = settledCluster({ replicas: 5 });
    expect(facts({ cluster: five, statefulSet: known(statefulSet({ replicas: 3 })) }, {}).replicas).to.equal(
      3,
    );
    expect(facts({ cluster: five, statefulSet: known(undefined) }, {}).replicas).to.equal(5);
    expect(facts({ cluster: five, statefulSet: unread }, {})).to.not.have.property('replicas');
  });

  it('is a size that a change of spec.replicas does not touch once there is data (openbao-operator.md 7.1 #15)', () => {
    const five = settledCluster({ replicas: 5 });
    expect(facts({ cluster: five }, settledStatus(3)).replicas).to.equal(3);
    expect(
      facts({ cluster: five, members: new Map(), claims: known([]) }, { replicas: 3 }).replicas,
    ).to.equal(5);
    const one = settledCluster({ replicas: 1 });
    expect(facts({ cluster: one, members: new Map() }, { replicas: 3 }).replicas).to.equal(3);
  });

  it('is that a newer template waits, and only while no upgrade brings it', () => {
    const waiting = { statefulSet: known(statefulSet({ updateRevision: newRevision })) };
    expect(facts(waiting).pendingRestart).to.equal(true);
    expect(facts({}, { ...settledStatus(), pendingRestart: true })).to.not.have.property('pendingRestart');
    expect(facts(waiting, { ...settledStatus(), upgrade: {} })).to.not.have.property('pendingRestart');
  });

  it('tells of a new leader', () => {
    const { events } = decideFacts(observation(), { ...settledStatus(), activeLeader: 'prod-2' }, context());
    expect(events.map(({ note }) => note)).to.deep.equal(['prod-0 leads; the leader before was prod-2.']);
  });
});

describe('the volumes of the members', () => {
  const recorded = (claimUID: string, more = {}) => ({
    ...settledStatus(),
    members: [{ name: 'prod-1', claimUID, ...more }],
  });
  const only = (members: OpenBaoClusterStatus['members']) => members?.find(({ name }) => name === 'prod-1');

  it('are remembered when a member first takes part', () => {
    expect(facts().members).to.deep.equal(
      [0, 1, 2].map((n) => ({ name: `prod-${n}`, claimUID: `claim-${n}` })),
    );
    expect(only(facts({ members: membersOf(member(0), emptyMember(1)) }).members)).to.equal(undefined);
  });

  it('are forgotten when Raft no longer lists the member', () => {
    const raft = known(raftOf(['prod-0', 'prod-2']));
    expect(only(facts({ raft }, recorded('claim-1')).members)).to.equal(undefined);
  });

  it('count again when another one holds all that the leader had when it was first seen', () => {
    const first = facts({ members: membersOf(member(0, { lastIndex: 500 }), member(1)) }, recorded('lost'));
    expect(only(first.members)).to.deep.equal({ name: 'prod-1', claimUID: 'lost', catchUpIndex: 500 });
    const behind = facts({ members: membersOf(member(0), member(1, { appliedIndex: 499 })) }, first);
    expect(only(behind.members)).to.deep.equal(only(first.members));
    const there = facts({ members: membersOf(member(0), member(1, { appliedIndex: 500 })) }, first);
    expect(only(there.members)).to.deep.equal({ name: 'prod-1', claimUID: 'claim-1' });
  });

  it('stay while the volume is being deleted or the member is sealed', () => {
    const going = { claims: known([claim(1, '2.5.5', { deletionTimestamp: '2026-01-02T03:04:05Z' })]) };
    expect(only(facts(going, recorded('claim-1')).members)?.claimUID).to.equal('claim-1');
    const sealed = { members: membersOf(member(0), emptyMember(1)) };
    expect(only(facts(sealed, recorded('lost')).members)).to.deep.equal({ name: 'prod-1', claimUID: 'lost' });
  });
});

describe('two clusters among the pods', () => {
  const second = member(1, { clusterId: 'another', standby: false, leader: 'prod-1' });
  const seen = observation({
    members: membersOf(member(0), second, member(2)),
    pods: known([0, 1, 2].map((n) => serverPod(n))),
  });

  it('are told, once, with the way out', () => {
    const { events, notices } = decideIdentity(seen, settledStatus());
    expect(events).to.have.length(1);
    expect(wordsOf(notices?.[0]))
      .to.contain('prod-1 (another)')
      .and.to.contain(clusterId)
      .and.to.contain('pvc/data-prod-1');
    const told = {
      type: 'Degraded',
      status: 'True',
      reason: 'SecondClusterDetected',
      message: '',
      lastTransitionTime: '',
    } as const;
    expect(decideIdentity(seen, { ...settledStatus(), conditions: [told] }).events).to.deep.equal([]);
  });

  it('make the membership unknown, whichever of them told it', () => {
    expect(withTrustedRaft(seen, settledStatus()).raft.kind).to.equal('unknown');
    expect(withTrustedRaft(observation(), settledStatus()).raft.kind).to.equal('known');
  });

  it('record no id when none was recorded', () => {
    expect(decideFacts({ ...seen, claims: known([]) }, {}, context()).status).to.not.have.property(
      'clusterID',
    );
    expect(decideIdentity(seen, {}).notices).to.have.length(1);
    const follower = membersOf(member(0), member(1, { clusterId: 'another' }));
    expect(facts({ members: follower, claims: known([]) }, {})).to.not.have.any.keys(
      'clusterID',
      'currentVersion',
    );
  });
});
