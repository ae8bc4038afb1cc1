import { expect } from 'chai';
import { termAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  context,
  member,
  membersOf,
  observation,
  serverPod,
  settledCluster,
  settledStatus,
  start,
  statefulSet,
} from '../../support/observation.ts';

const restore = { name: 'back', operationId: 'op1' };
const time = new Date(start).toISOString();
const lock = {
  operation: 'Restore',
  holder: 'openbaorestore/back',
  operationId: 'op1',
  acquiredAt: time,
  renewedAt: time,
} as const;

const decided = (status: OpenBaoClusterStatus, given: Parameters<typeof observation>[0] = {}, spec = {}) =>
  decideCluster(
    observation({ cluster: settledCluster(spec, { ...settledStatus(), ...status }), ...given }),
    context(),
  ).status;
const conditionOf = (type: string, { conditions = [] }: OpenBaoClusterStatus) =>
  conditions.find((each) => each.type === type);

/** Members of the cluster that the snapshot was taken of. */
const another = 'aaaaaaaa-08fc-e323-fae6-a6d2cde3fc6e';
const ofAnother = membersOf(...[0, 1, 2].map((ordinal) => member(ordinal, { clusterId: another })));

describe('a cluster whose data is being replaced', () => {
  it('says so, and starts nothing else', () => {
    const spec = { version: '2.5.6', replicas: 5 };
    const status = decided({ restore, operationLock: lock }, {}, spec);
    expect(conditionOf('Ready', status)).to.include({ status: 'False', reason: 'Restoring' });
    expect(conditionOf('Reconciling', status)).to.include({ status: 'True' });
    expect(status).to.not.have.any.keys('upgrade', 'scaling');
  });

  it('is known again by the id that its new data has', () => {
    const status = decided({ restore, operationLock: lock }, { members: ofAnother });
    expect(status.clusterID).to.equal(another);
    expect(conditionOf('Degraded', status)).to.include({ status: 'False' });
  });

  it('is still two clusters when its members disagree', () => {
    const members = membersOf(member(0), member(1), member(2, { clusterId: another }));
    const status = decided({ restore, operationLock: lock }, { members });
    expect(status.clusterID).to.equal(settledStatus().clusterID);
    expect(conditionOf('Degraded', status)).to.include({ reason: 'SecondClusterDetected' });
  });

  it('is another cluster without a restore', () => {
    const status = decided({}, { members: ofAnother });
    expect(status.clusterID).to.equal(settledStatus().clusterID);
    expect(conditionOf('Degraded', status)).to.include({ reason: 'SecondClusterDetected' });
  });

  it('keeps the record of it until the restart is done and a leader is seen', () => {
    const restartAt = '2026-01-02T03:04:06.000Z';
    const asked = { ...restore, restartAt };
    expect(decided({ restore: asked }).restore).to.deep.equal(asked);
    expect(decided({ restore: asked, lastRestartAt: restartAt })).to.not.have.any.keys('restore', 'upgrade');
    expect(decided({ restore }, { members: new Map() }).restore).to.deep.equal(restore);
    expect(decided({ restore }).restore).to.equal(undefined);
  });

  it('leaves an incident and what is asked of it alone until the lock is given back', () => {
    const incident: OpenBaoClusterStatus = {
      restore,
      breakGlass: { active: true, nonce: 'n' },
      blueGreen: {
        phase: 'RollingBack',
        operationId: 'bg',
        greenRevision: '1b8e',
        blueReplicas: 3,
        blueVersion: '2.5.5',
        greenVersion: '2.5.6',
      },
    };
    const spec = { breakGlassAck: 'n' };
    expect(decided({ ...incident, operationLock: lock }, {}, spec).breakGlass?.active).to.equal(true);
    expect(decided(incident, {}, spec).breakGlass?.active).to.equal(false);
  });

  it('frees a lock that its restore has left behind, also from under an upgrade that holds', () => {
    const stale = { ...lock, acquiredAt: new Date(start).toISOString() };
    const lockUnchangedMs = 11 * 60_000;
    const upgrade = { phase: 'Replacing', held: true, operationId: 'up', currentPartition: 2 } as const;
    const left = { restore, operationLock: stale, upgrade };
    expect(decided(left, { lockUnchangedMs }).operationLock).to.equal(undefined);
    const unread = decided(left, { lockUnchangedMs, jobs: unknown('not read') });
    expect(unread.operationLock).to.deep.equal(stale);
  });
});

describe('the restart after a restore', () => {
  const restartAt = '2026-01-02T03:04:06.000Z';
  const restarting = { restore: { ...restore, restartAt } };

  it('restarts what runs, whatever version spec asks for by now', () => {
    const { upgrade } = decided(restarting, {}, { version: '2.5.6' });
    expect(upgrade).to.include({ restartAt, targetVersion: '2.5.5', fromVersion: '2.5.5' });
    const next = decided(
      { ...restarting, ...(upgrade === undefined ? {} : { upgrade }) },
      {},
      { version: '2.5.6' },
    );
    expect(next.upgrade).to.include({ restartAt, targetVersion: '2.5.5' });
  });

  it('is not turned into the upgrade that spec asks for while a pod is in work', () => {
    const upgrade = {
      operationId: 'op2',
      phase: 'Replacing',
      fromVersion: '2.5.5',
      targetVersion: '2.5.5',
      fromImage: 'openbao/openbao:2.5.5',
      targetImage: 'openbao/openbao:2.5.5',
      restartAt,
      currentPartition: 2,
      replacing: { ordinal: 2, oldPodUID: 'uid-prod-2' },
    } as const;
    const pods = known([serverPod(0), serverPod(1)]);
    const annotations = { [termAnnotation]: '1' };
    const seen = { pods, statefulSet: known(statefulSet({ annotations })) };
    const waitsFor = (asked: OpenBaoClusterStatus) =>
      decided({ ...asked, upgrade }, seen, { version: '2.5.6' }).upgrade?.waitingFor;
    expect(waitsFor({})).to.contain('next target 2.5.6');
    expect(waitsFor(restarting)).to.not.contain('another target');
  });

  it('does not try again what a blue-green upgrade has given up', () => {
    const rejectedTarget = { version: '2.5.6', image: 'openbao/openbao:2.5.6', reason: 'HookFailed' };
    const status = decided(
      { ...restarting, blueGreen: { phase: 'Idle', rejectedTarget } },
      {},
      { version: '2.5.6', upgrade: { strategy: 'BlueGreen' } },
    );
    expect(status.upgrade).to.include({ restartAt, targetVersion: '2.5.5' });
    expect(status.blueGreen).to.deep.include({ rejectedTarget });
  });

  it('serves a restart that spec has asked for as well', () => {
    const spec = { maintenance: { restartAt: '2026-01-01T00:00:00Z' } };
    const { upgrade, upgradeRequests } = decided(restarting, {}, spec);
    expect(upgrade).to.include({ restartAt });
    expect(upgradeRequests).to.include({ lastHandledRestart: '2026-01-01T00:00:00Z' });
    const done = { lastRestartAt: restartAt, upgradeRequests: upgradeRequests ?? {} };
    expect(decided(done, {}, spec)).to.not.have.property('upgrade');
    const another_ = { maintenance: { restartAt: '2026-02-01T00:00:00Z' } };
    expect(decided(done, {}, another_).upgrade).to.include({ restartAt: '2026-02-01T00:00:00Z' });
  });

  it('waits while the lock is held, and while nothing may start', () => {
    expect(decided({ ...restarting, operationLock: lock })).to.not.have.property('upgrade');
    expect(decided(restarting, {}, { paused: true })).to.not.have.property('upgrade');
    const incident = { breakGlass: { active: true, nonce: 'n' } };
    expect(decided({ ...restarting, ...incident })).to.not.have.property('upgrade');
  });

  it('is followed by the upgrade that spec asks for', () => {
    const { upgrade } = decided({ lastRestartAt: restartAt }, {}, { version: '2.5.6' });
    expect(upgrade).to.include({ targetVersion: '2.5.6' }).and.not.have.property('restartAt');
  });
});

describe('a member that lost its disk', () => {
  it('is not removed beside a restore', () => {
    const members = membersOf(member(0), member(1), member(2, { sealed: true }));
    const status = {
      restore,
      members: [0, 1, 2].map((ordinal) => ({ name: `prod-${ordinal}`, claimUID: `old-${ordinal}` })),
    };
    const effectsOf = (given: OpenBaoClusterStatus) =>
      decideCluster(
        observation({
          cluster: settledCluster({}, { ...settledStatus(), ...given }),
          members,
          jobs: known([]),
        }),
        context(),
      ).effects.filter(({ kind }) => kind === 'create');
    expect(effectsOf({ ...status, operationLock: lock })).to.deep.equal([]);
    expect(effectsOf({ members: status.members })).to.have.length(1);
  });
});
