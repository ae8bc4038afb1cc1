import { expect } from 'chai';
import * as fc from 'fast-check';
import { defaultDeadlines } from '../../../src/core/model/decision.ts';
import { quorum } from '../../../src/core/raft/quorum.ts';
import { decideScale } from '../../../src/core/cluster/scale/decide.ts';
import { known } from '../../../src/core/model/known.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import {
  context,
  member,
  membersOf,
  observation,
  raftOf,
  settledCluster,
  serverPod,
  settledStatus,
} from '../../support/observation.ts';
import { names, SimulatedScaling } from './scale-simulated.ts';
import { sized } from '../../support/walks.ts';

const reasons = (scaling: SimulatedScaling) =>
  scaling.events.map(({ reason }) => reason).filter((reason) => reason !== 'LeaderChanged');
const condition = (scaling: SimulatedScaling, type: string) =>
  scaling.status.conditions?.find((each) => each.type === type);

describe('scaling down a member that holds the last keys of a sealable namespace', () => {
  const team = (...holders: readonly string[]): Observation['sealables'] =>
    known([{ path: 'team', unsealed: new Map(names(4).map((pod) => [pod, known(holders.includes(pod))])) }]);

  it('waits until another one beside the leader has them, and says which', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.sealables = team('prod-0', 'prod-3');
    scaling.run(10);
    expect(scaling.done).to.deep.equal([]);
    expect(condition(scaling, 'Reconciling')?.message).to.equal(
      'from 4 to 3 members: without prod-3 the last keys of the sealable namespace team could be lost: unsealed on prod-0 (leader), prod-3, and sealed on prod-1, prod-2; spec.maintenance.enabled accepts it (docs/upgrades/rolling.md#sealable-namespaces)',
    );
    scaling.sealables = team('prod-0', 'prod-1', 'prod-3');
    scaling.run();
    expect(scaling.done).to.deep.equal(['remove-peer prod-3', 'size 3', 'delete data-prod-3']);
  });

  it('does not wait in maintenance', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.sealables = team('prod-3');
    scaling.wish({ maintenance: { enabled: true } });
    expect(scaling.run().done).to.include('remove-peer prod-3');
  });
});

describe('scaling up', () => {
  it('lets one member join after another, each a voter that has caught up before the next', () => {
    const scaling = new SimulatedScaling(3, 5).run();
    expect(scaling.done).to.deep.equal(['size 4', 'size 5']);
    expect(scaling.voters).to.deep.equal(names(5));
    expect(scaling.status).to.not.have.any.keys('scaling', 'operationLock', 'lastErrorReason');
    expect(reasons(scaling)).to.deep.equal([
      'ScalingStarted',
      'MemberJoining',
      'MemberJoined',
      'MemberJoining',
      'MemberJoined',
      'Scaled',
    ]);
  });

  it('waits while a member is not healthy, and says so', () => {
    const scaling = new SimulatedScaling(3, 5);
    scaling.faults = { broken: [1] };
    scaling.run(20);
    expect(scaling.done).to.deep.equal([]);
    expect(condition(scaling, 'Reconciling')?.message).to.contain('prod-1 is not Ready');
  });

  it('holds when the joiner does not come in time, goes on by itself when it does', () => {
    const scaling = new SimulatedScaling(3, 4);
    scaling.faults = { broken: [3] };
    scaling.run(10);
    scaling.now += defaultDeadlines.scaling;
    scaling.turn();
    expect(scaling.status).to.deep.include({ lastErrorReason: 'ScaleTimedOut', phase: 'Failed' });
    expect(condition(scaling, 'Stalled')?.status).to.equal('True');
    scaling.faults = {};
    for (let turn = 0; turn < 4; turn++) scaling.turn();
    expect(scaling.status).to.not.have.any.keys('scaling', 'lastErrorReason', 'lastErrorMessage');
  });

  it('takes down again what did not come, when it is taken back', () => {
    const scaling = new SimulatedScaling(3, 5);
    scaling.faults = { broken: [3] };
    scaling.run(10);
    scaling.wish({ replicas: 3 });
    scaling.run();
    expect(scaling.done).to.deep.equal(['size 4', 'size 3', 'delete data-prod-3']);
    expect(scaling.status).to.not.have.any.keys('scaling', 'operationLock');
  });

  it('holds at the volume of an earlier member, whose data cannot join (openbao-operator.md 7.1 #8)', () => {
    const scaling = new SimulatedScaling(3, 4);
    const [, first] = scaling.claims.values();
    if (first !== undefined)
      scaling.claims.set('prod-3', { ...first, metadata: { ...first.metadata, name: 'data-prod-3' } });
    scaling.run();
    expect(scaling.status.lastErrorReason).to.equal('StaleVolume');
    expect(scaling.status.lastErrorMessage).to.contain('kubectl -n bao delete pvc data-prod-3');
    scaling.claims.delete('prod-3');
    for (let turn = 0; turn < 10; turn++) scaling.turn();
    expect(scaling.status).to.not.have.any.keys('scaling', 'lastErrorReason');
  });
});

describe('a joiner', () => {
  const scaling = { operationId: 'op1', replicas: 4, target: 4, step: 'Joining', index: 100 } as const;
  const look = (given: Parameters<typeof observation>[0], scalingNow: object = scaling) => {
    const cluster = settledCluster({ replicas: 4 }, { ...settledStatus(4), scaling: scalingNow });
    const seen = observation({ cluster, ...given });
    return decideScale(seen, seen.cluster.status ?? {}, context()).status.scaling;
  };
  /** The second look, for the first one sees which container the index is about. */
  const joining = (given: Parameters<typeof observation>[0]) => look(given, look(given))?.step;

  it('counts when it votes and has caught up', () => {
    expect(joining({})).to.equal(undefined);
  });

  it('does not count while it does not vote, whatever it has', () => {
    expect(joining({ raft: known(raftOf(names(4), { nonVoters: ['prod-3'] })) })).to.equal('Joining');
  });

  it('does not count while it is behind what the leader had', () => {
    const behind = [0, 1, 2, 3].map((n) => member(n, { appliedIndex: n === 3 ? 99 : 100 }));
    expect(joining({ members: membersOf(...behind) })).to.equal('Joining');
  });
});

describe('a joiner whose container is restarted in its pod', () => {
  const scaling = { operationId: 'op1', replicas: 4, target: 4, step: 'Joining' } as const;
  const restarted = (restartCount: number) => {
    const pod = serverPod(3);
    const statuses = (pod.status?.containerStatuses ?? []).map((each) => ({ ...each, restartCount }));
    return known([
      ...[0, 1, 2].map((ordinal) => serverPod(ordinal)),
      { ...pod, status: { ...pod.status, containerStatuses: statuses } },
    ]);
  };
  /** The joiner has applied 150; the leader is at this index. */
  const look = (restarts: number, leader: number, scalingNow: object) => {
    const cluster = settledCluster({ replicas: 4 }, { ...settledStatus(4), scaling: scalingNow });
    const members = [0, 1, 2, 3].map((n) =>
      member(n, { lastIndex: n === 0 ? leader : 150, appliedIndex: n === 3 ? 150 : leader }),
    );
    const seen = observation({ cluster, pods: restarted(restarts), members: membersOf(...members) });
    return decideScale(seen, seen.cluster.status ?? {}, context()).status.scaling ?? {};
  };

  it('has to catch up anew: what it had to reach before says nothing any more', () => {
    const first = look(0, 150, scaling);
    expect(first).to.include({ step: 'Joining', index: 150 });
    const again = look(1, 900, first);
    expect(again).to.include({ step: 'Joining', index: 900 });
    expect(look(1, 950, again)).to.include({ step: 'Joining', index: 900 });
    // Without the restart it has what was asked of it.
    expect(look(0, 900, first)).not.to.have.property('step');
  });
});

/** A second member that is given up just before it joins: the StatefulSet still has its pod. */
function lateJoiner(): SimulatedScaling {
  const scaling = new SimulatedScaling(1, 2);
  scaling.turn();
  scaling.turn();
  scaling.wish({ replicas: 1 });
  scaling.turn();
  scaling.wish({ replicas: 3 });
  scaling.turn();
  scaling.turn();
  scaling.wish({ replicas: 1 });
  return scaling;
}

describe('scaling down', () => {
  it('removes the peer, reads that back, then takes pod and volume away', () => {
    const scaling = new SimulatedScaling(5, 3).run();
    expect(scaling.done).to.deep.equal([
      'remove-peer prod-4',
      'size 4',
      'delete data-prod-4',
      'remove-peer prod-3',
      'size 3',
      'delete data-prod-3',
    ]);
    expect(scaling.voters).to.deep.equal(names(3));
    expect(scaling.status).to.not.have.any.keys('scaling', 'operationLock');
  });

  it('removes a peer only when no other member can be evicted any more, and none is gone by then (C3)', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { stuckBudget: true };
    scaling.run(10);
    expect(scaling.status.scaling?.step).to.equal('RemovingPeer');
    expect(scaling.budget.maxUnavailable).to.equal(0);
    expect(scaling.done).to.deep.equal([]);
    expect(condition(scaling, 'Reconciling')?.message).to.contain(
      'prod-3 is to be removed from Raft, but Kubernetes has not seen the newest PodDisruptionBudget yet',
    );
    scaling.faults = {};
    const created = Array.from({ length: 3 }, () => scaling.turn().effects).flat();
    const removal = created.find(({ kind }) => kind === 'create') as { readonly reservation?: object };
    expect(removal.reservation).to.deep.include({
      staying: [0, 1, 2].map((ordinal) => ({ name: `prod-${ordinal}`, uid: `pod-${ordinal}` })),
    });
    scaling.run();
    expect(scaling.voters).to.deep.equal(names(3));
    scaling.turn();
    expect(scaling.budget.maxUnavailable).to.equal(1);
  });

  it('waits for a drain that was let through before (C3)', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.turn();
    expect(scaling.budget.lets('prod-1')).to.equal(true);
    scaling.faults = { stuckBudget: true };
    scaling.run(10);
    expect(scaling.done).to.deep.equal([]);
  });

  it('ends where it is when it is taken back before its Job may be made', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { stuckBudget: true };
    scaling.run(10);
    expect(scaling.status.scaling?.step).to.equal('RemovingPeer');
    scaling.wish({ replicas: 4 });
    for (let turn = 0; turn < 3; turn++) scaling.turn();
    expect(scaling.status).to.not.have.any.keys('scaling', 'operationLock', 'lastErrorReason');
    scaling.faults = {};
    scaling.run(5);
    expect(scaling.done).to.deep.equal([]);
    expect(scaling.budget.maxUnavailable).to.equal(1);
  });

  // Else a lost disk waits for the removal, and the removal for the member that lost it.
  it("is in nobody's way while its Job must not be made, and goes on when it may", () => {
    const scaling = new SimulatedScaling(5, 4);
    scaling.faults = { stuckBudget: true };
    scaling.run(10);
    scaling.faults = { broken: [1] };
    scaling.run(10);
    expect(scaling.done).to.deep.equal([]);
    expect(scaling.status.scaling).to.not.equal(undefined).and.to.not.have.any.keys('step');
    expect(scaling.budget.maxUnavailable).to.equal(1);
    scaling.faults = {};
    scaling.run();
    expect(scaling.done).to.deep.equal(['remove-peer prod-4', 'size 4', 'delete data-prod-4']);
  });

  it('has the leader step down first', () => {
    const scaling = new SimulatedScaling(4, 3, 'prod-3').run();
    expect(scaling.done).to.deep.equal([
      'step-down prod-3',
      'remove-peer prod-3',
      'size 3',
      'delete data-prod-3',
    ]);
  });

  it('waits 15 s after another step-down', () => {
    const scaling = new SimulatedScaling(4, 3, 'prod-3');
    const lastStepDownAt = new Date(scaling.now).toISOString();
    scaling.cluster = { ...scaling.cluster, status: { ...scaling.status, lastStepDownAt } };
    scaling.run(10);
    expect(scaling.done).to.deep.equal([]);
    scaling.run();
    expect(scaling.done[0]).to.equal('step-down prod-3');
  });

  it('keeps a healthy member while others are not', () => {
    const scaling = new SimulatedScaling(5, 4);
    scaling.faults = { broken: [1] };
    scaling.run(20);
    expect(scaling.done).to.deep.equal([]);
    expect(condition(scaling, 'Reconciling')?.message).to.contain('prod-4 is healthy and stays');
  });

  it('lets an unhealthy one go when the others are a quorum', () => {
    const scaling = new SimulatedScaling(5, 4);
    scaling.faults = { broken: [4] };
    expect(scaling.run().done).to.deep.equal(['remove-peer prod-4', 'size 4', 'delete data-prod-4']);
  });

  it('goes down to one member', () => {
    expect(new SimulatedScaling(3, 1, 'prod-2').run().voters).to.deep.equal(['prod-0']);
  });

  // Found by "any scaling" below: the second voter's pod went with its vote, and with it the quorum.
  it('keeps the pod of a joiner that joined before the StatefulSet was lowered, until its peer is removed', () => {
    const scaling = lateJoiner();
    scaling.run();
    expect(scaling.done).to.deep.equal(['size 2', 'remove-peer prod-1', 'size 1', 'delete data-prod-1']);
    expect(scaling.voters).to.deep.equal(['prod-0']);
    expect(scaling.status).to.not.have.any.keys('scaling', 'lastErrorReason');
  });

  it('asks of such a joiner all that is asked of others, when it is wanted again', () => {
    const scaling = lateJoiner();
    scaling.turn();
    scaling.wish({ replicas: 2 });
    scaling.faults = { broken: [1] };
    scaling.run(20);
    expect(scaling.status.scaling).to.include({ step: 'Joining', replicas: 2 });
    scaling.faults = {};
    scaling.run();
    expect(scaling.voters).to.deep.equal(['prod-0', 'prod-1']);
    expect(scaling.status).to.not.have.any.keys('scaling', 'lastErrorReason');
  });

  it('removes a joiner that was given up and joined all the same', () => {
    const scaling = new SimulatedScaling(3, 4);
    scaling.faults = { broken: [3] };
    scaling.run(4);
    scaling.wish({ replicas: 3 });
    while (scaling.status.scaling?.step !== 'Shrinking') scaling.turn();
    scaling.faults = {};
    scaling.run();
    expect(scaling.done).to.include('remove-peer prod-3');
    expect(scaling.voters).to.deep.equal(names(3));
    expect([...scaling.claims.keys()]).to.deep.equal(names(3));
  });

  it('holds when its Job fails, and tries again as asked under another name', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { failing: ['remove-peer'] };
    scaling.run();
    expect(scaling.status).to.deep.include({ lastErrorReason: 'RemovePeerFailed' });
    expect(scaling.status.scaling?.held).to.equal(true);
    expect(scaling.events.filter(({ reason }) => reason === 'ScalingHeld')).to.have.length(1);
    scaling.run(5);
    scaling.faults = {};
    scaling.wish({ upgrade: { requests: { retry: 'now' } } });
    scaling.turn();
    scaling.run();
    expect(scaling.done.slice(1)).to.deep.equal(['remove-peer prod-3', 'size 3', 'delete data-prod-3']);
    expect(scaling.status.upgradeRequests?.lastHandledRetry).to.equal('now');
    expect(new Set(scaling.jobs.keys()).size).to.equal(2);
  });

  it('has one step down that came to lead before its Job', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { failing: ['remove-peer'] };
    while (scaling.done.length === 0) scaling.turn();
    scaling.faults = {};
    scaling.leader = 'prod-3';
    scaling.run();
    expect(scaling.done.slice(1, 3)).to.deep.equal(['step-down prod-3', 'remove-peer prod-3']);
    expect(scaling.events.map(({ reason }) => reason)).to.not.include('ScalingHeld');
  });

  it('ends where it is when it is taken back before the peer is removed', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { failing: ['remove-peer'] };
    scaling.run();
    scaling.wish({ replicas: 4 });
    for (let turn = 0; turn < 3; turn++) scaling.turn();
    expect(scaling.status).to.not.have.any.keys('scaling', 'operationLock', 'lastErrorReason');
    expect(scaling.voters).to.deep.equal(names(4));
  });

  it('waits for a Job that may still remove the peer, also when it is taken back', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { stuck: true };
    scaling.run(10);
    scaling.wish({ replicas: 4 });
    for (let turn = 0; turn < 5; turn++) scaling.turn();
    expect(scaling.status.scaling?.step).to.equal('RemovingPeer');
  });
});

describe('the lock of a scaling', () => {
  it('keeps an upgrade out, which waits for it', () => {
    const scaling = new SimulatedScaling(3, 5);
    scaling.turn();
    scaling.wish({ version: '2.6.0' });
    for (let turn = 0; turn < 3; turn++) scaling.turn();
    expect(scaling.status.operationLock?.operation).to.equal('Scale');
    expect(scaling.status.upgrade?.phase).to.be.oneOf([undefined, 'PreChecks']);
  });

  it('is not taken while an upgrade is under way', () => {
    const scaling = new SimulatedScaling(3, 5);
    const upgrade = {
      operationId: 'up00000001',
      phase: 'CatchingUp',
      targetVersion: '2.5.5',
      targetImage: 'openbao/openbao:2.5.5',
    } as const;
    const status = { ...settledStatus(), upgrade };
    scaling.cluster = { ...scaling.cluster, status };
    scaling.turn();
    expect(scaling.status).to.not.have.property('scaling');
  });

  it('that nobody gave back is free after ten minutes, with an Event (openbao-operator.md 7.1 #11)', () => {
    const scaling = new SimulatedScaling(3, 5);
    const renewedAt = new Date(scaling.now).toISOString();
    const operationLock = { operation: 'Backup', holder: 'b', operationId: 'b000000001', renewedAt } as const;
    scaling.cluster = { ...scaling.cluster, status: { ...scaling.status, operationLock } };
    scaling.run(10);
    expect(scaling.status).to.not.have.property('scaling');
    scaling.now += 10 * 60_000;
    scaling.run();
    expect(reasons(scaling)[0]).to.equal('OperationLockTakenOver');
    expect(scaling.voters).to.deep.equal(names(5));
  });
});

describe('a paused scaling', () => {
  it('does nothing, and has its whole time again when it goes on', () => {
    const scaling = new SimulatedScaling(5, 3);
    scaling.turn();
    scaling.turn();
    scaling.wish({ paused: true });
    const before = scaling.done.length;
    scaling.turn();
    scaling.now += 24 * 3_600_000;
    scaling.turn();
    expect(scaling.done.length).to.equal(before);
    expect(condition(scaling, 'Reconciling')).to.include({ status: 'False', reason: 'Paused' });
    scaling.wish({ paused: false });
    scaling.run();
    expect(scaling.voters).to.deep.equal(names(3));
  });
});

describe('any scaling', function () {
  // Many cases, on a machine that may be busy.
  it('never leaves fewer healthy voters than a quorum, and ends at the last wish', () => {
    const size = fc.integer({ min: 1, max: 6 });
    const turn = fc.record({
      wish: fc.option(size, { nil: undefined, freq: 6 }),
      pause: fc.option(fc.boolean(), { nil: undefined, freq: 8 }),
      failing: fc.option(fc.constantFrom<string[]>(['remove-peer'], ['step-down'], []), {
        nil: undefined,
        freq: 5,
      }),
      broken: fc.option(fc.subarray([0, 1, 2, 3, 4, 5], { maxLength: 1 }), { nil: undefined, freq: 5 }),
    });
    fc.assert(
      fc.property(size, size, fc.nat(5), fc.array(turn, { maxLength: 40 }), (from, to, leads, turns) => {
        const scaling = new SimulatedScaling(from, to, `prod-${leads % from}`);
        for (const { wish, pause, failing, broken } of turns) {
          if (wish !== undefined) scaling.wish({ replicas: wish });
          if (pause !== undefined) scaling.wish({ paused: pause });
          if (failing !== undefined) scaling.faults = { ...scaling.faults, failing };
          // A leader that breaks is no longer the leader: Raft's part, which this leaves out.
          if (broken !== undefined && !broken.some((each) => `prod-${each}` === scaling.leader)) {
            scaling.faults = { ...scaling.faults, broken };
          }
          const before = [...scaling.voters];
          scaling.turn();
          const removed = before.filter((each) => !scaling.voters.includes(each));
          const healthy = scaling.voters.filter(
            (each) => scaling.faults.broken?.includes(Number(each.split('-')[1])) !== true,
          );
          expect(removed.length).to.be.at.most(1);
          if (removed.length > 0) expect(healthy.length).to.be.at.least(quorum(scaling.voters.length));
          expect(scaling.voters).to.include(scaling.leader);
        }
        scaling.faults = {};
        for (let round = 0; round < 6; round++) {
          scaling.wish({ paused: false, upgrade: { requests: { retry: `round ${round}` } } });
          scaling.turn();
          scaling.run(200);
        }
        expect(scaling.status).to.not.have.any.keys('scaling', 'operationLock', 'lastErrorReason');
        expect(scaling.voters.toSorted()).to.deep.equal(names(scaling.cluster.spec.replicas ?? 3));
      }),
      { numRuns: sized(200, 40) },
    );
  });
});
