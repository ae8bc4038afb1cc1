import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { withConditions } from '../../../src/core/cluster/conditions.ts';
import { held, waiting, type Notice } from '../../../src/core/model/cluster-concern.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  context,
  emptyMember,
  member,
  membersOf,
  observation,
  serverPod,
  settledCluster,
  settledStatus,
  start,
} from '../../support/observation.ts';

type Given = Parameters<typeof observation>[0];

function told(
  given: Given = {},
  status: OpenBaoClusterStatus = settledStatus(),
  notices: readonly Notice[] = [],
) {
  const after = withConditions(observation(given), status, notices, context());
  const of = (type: string) => {
    const found = after.conditions?.find((each) => each.type === type);
    return found === undefined ? undefined : `${found.status} ${found.reason}`;
  };
  return { after, of, phase: after.phase };
}

const unread = unknown('connection refused');
const leaderless = {
  members: membersOf(member(0, { standby: true }), member(1), member(2)),
  raft: unread,
};
const upgrade = {
  operationId: 'up00000001',
  phase: 'Replacing',
  fromVersion: '2.5.5',
  targetVersion: '2.6.0',
  waitingFor: 'prod-2 is not Ready',
  replacing: { ordinal: 2 },
} as const;
const failure = {
  lastErrorReason: 'PodNotReady',
  lastErrorMessage: 'prod-2 did not come. Then: kubectl patch …',
};

describe('the conditions', () => {
  it('of a cluster at rest say so', () => {
    const { of, phase } = told();
    expect(phase).to.equal('Running');
    expect(of('Ready')).to.equal('True AsExpected');
    expect(of('Available')).to.equal('True LeaderActive');
    expect(of('Degraded')).to.equal('False AsExpected');
    expect(of('BreakGlass')).to.equal(undefined);
  });

  it('say not Ready of a lost status, as long as the image and the size that run could not be read', () => {
    const { image: _, replicas: __, ...lost } = settledStatus();
    expect(told({ statefulSet: unread }, lost).of('Ready')).to.equal('False VersionUnknown');
  });

  it('say what it waits for while it comes up', () => {
    const { of, phase } = told({ members: new Map(), raft: unread, claims: known([]) }, {});
    expect(phase).to.equal('Initializing');
    expect(of('Available')).to.equal('False NotInitialized');
    expect(of('Reconciling')).to.equal('True Initializing');
    expect(of('Degraded')).to.equal('False Initializing');
  });

  it('tell no leader from a leader that is not known', () => {
    expect(told(leaderless).of('Available')).to.equal('False NoLeader');
    const silent = { members: new Map([['prod-0', unread] as const]), raft: unread };
    expect(told(silent).of('Available')).to.equal('Unknown LeaderUnknown');
    expect(told(silent).of('Ready')).to.equal('Unknown LeaderUnknown');
    expect(told(silent).of('Degraded')).to.equal('Unknown LeaderUnknown');
  });

  // docs/facts/openbao-2.6-measured.md, 0.4: every member says 429, and nobody ever leads.
  it('call it an outage when all are standbys and nobody leads, and say what to do', () => {
    const older = [0, 1, 2].map((ordinal) => member(ordinal, { standby: true, version: '2.5.5' }));
    const { after, of } = told({ members: membersOf(...older), raft: unread });
    const said = after.conditions?.find(({ type }) => type === 'Available')?.message ?? '';
    expect(said).to.contain('an outage');
    expect(said).to.contain('prod-0 (2.5.5), prod-1 (2.5.5), prod-2 (2.5.5) answer as standbys do (429)');
    expect(said).to.contain('put the newer version back');
    expect(said).to.match(/kubectl logs -n bao prod-0 -c openbao --tail=100$/);
    expect(of('Degraded')).to.equal('True NoLeader');
    const sealed = told({ members: membersOf(emptyMember(0), emptyMember(1)), raft: unread }).after;
    expect(sealed.conditions?.find(({ type }) => type === 'Available')?.message).not.to.contain('429');
  });

  it('of a moment without a leader are no failure, of lost quorum are', () => {
    expect(told(leaderless).phase).to.equal('Running');
    const sealed = { members: membersOf(member(0), emptyMember(1), emptyMember(2)), raft: unread };
    const voters = { ...settledStatus(), raft: { voters: ['prod-0', 'prod-1', 'prod-2'] } };
    expect(told(sealed, voters).phase).to.equal('Failed');
  });

  it('name a member that is not well', () => {
    const { after, of } = told({ pods: known([serverPod(0), serverPod(1), serverPod(2, { ready: false })]) });
    expect(of('Degraded')).to.equal('True MembersUnhealthy');
    expect(after.conditions?.find(({ type }) => type === 'Degraded')?.message).to.equal(
      'prod-2 is not Ready',
    );
    expect(of('Ready')).to.equal('False MembersUnhealthy');
  });

  it('say of a member that is not well how its container ended, where it was restarted in its pod', () => {
    const restarted = (restartCount: number, lastState = {}) => {
      const pod = serverPod(2, { ready: false });
      const statuses = (pod.status?.containerStatuses ?? []).map((each) => ({
        ...each,
        restartCount,
        lastState,
      }));
      return { ...pod, status: { ...pod.status, containerStatuses: statuses } };
    };
    const said = (pod: ReturnType<typeof restarted>) =>
      told({ pods: known([serverPod(0), serverPod(1), pod]) }).after.conditions?.find(
        ({ type }) => type === 'Degraded',
      )?.message;
    expect(said(restarted(3, { terminated: { reason: 'OOMKilled', exitCode: 137 } }))).to.equal(
      'prod-2 is not Ready (its container was restarted 3 times, last after OOMKilled, exit code 137)',
    );
    expect(said(restarted(1))).to.equal('prod-2 is not Ready (its container was restarted once)');
    expect(said(restarted(0))).to.equal('prod-2 is not Ready');
  });

  it('do not call a pod unhealthy that the upgrade is replacing', () => {
    const { of, phase } = told(
      { pods: known([serverPod(0), serverPod(1)]) },
      { ...settledStatus(), upgrade },
    );
    expect(of('Degraded')).to.equal('False AsExpected');
    expect(of('Upgrading')).to.equal('True Replacing');
    expect(of('Reconciling')).to.equal('True Replacing');
    expect(phase).to.equal('Upgrading');
  });

  it('of an upgrade that holds say why and what to do', () => {
    const { after, of, phase } = told(
      {},
      { ...settledStatus(), upgrade: { ...upgrade, held: true }, ...failure },
    );
    expect(phase).to.equal('Failed');
    for (const type of ['Stalled', 'Degraded']) expect(of(type), type).to.equal('True PodNotReady');
    expect(of('Upgrading')).to.equal('False PodNotReady');
    expect(of('Reconciling')).to.equal('False Held');
    expect(after.conditions?.find(({ type }) => type === 'Stalled')?.message).to.contain('kubectl patch');
  });

  it('hide nothing while paused, least of all an open incident', () => {
    const incident = { active: true, reason: 'RollbackConsensusRepairFailed', nonce: 'n0nce' };
    const cluster = settledCluster({ paused: true });
    const { after, of } = told(
      { cluster, ...leaderless },
      { ...settledStatus(), upgrade, breakGlass: incident },
    );
    expect(of('BreakGlass')).to.equal('True RollbackConsensusRepairFailed');
    expect(of('Degraded')).to.equal('True BreakGlassRequired');
    expect(of('Available')).to.equal('False NoLeader');
    expect(of('Upgrading')).to.equal('True Paused');
    expect(of('Reconciling')).to.equal('False Held');
    expect(after.conditions?.find(({ type }) => type === 'Degraded')?.message).to.contain('n0nce');
    const closed = told({}, {
      ...after,
      upgrade: undefined,
      breakGlass: { ...incident, active: false },
    } as never);
    expect(closed.of('BreakGlass')).to.equal('False Acknowledged');
  });

  it('put the gravest first: an incident, a held operation, what else needs a person', () => {
    const key = held('UnsealKeyMissing', 'it is gone', { remedy: 'Put it back' });
    expect(told({}, settledStatus(), [waiting('DiskLost', 'x'), key]).of('Degraded')).to.equal(
      'True UnsealKeyMissing',
    );
    const both = { ...settledStatus(), upgrade: { ...upgrade, held: true }, ...failure };
    expect(told({}, both, [key]).of('Degraded')).to.equal('True PodNotReady');
  });

  it('change their time with their status alone', () => {
    const first = told().after;
    const later = start + 60_000;
    const message = withConditions(observation(leaderless), first, [], context({ now: later })).conditions;
    const changed = message?.filter(
      ({ lastTransitionTime }) => lastTransitionTime === '2026-01-02T03:05:05.000Z',
    );
    expect(changed?.map(({ type }) => type)).to.deep.equal(['Ready', 'Available', 'Degraded']);
    const same = withConditions(observation(), first, [], context({ now: later }));
    expect(same).to.deep.equal(first);
    expect(context().now).to.equal(start);
  });
});
