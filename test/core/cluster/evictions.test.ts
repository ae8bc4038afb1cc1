import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideEvictions } from '../../../src/core/cluster/evictions.ts';
import { defaultDeadlines } from '../../../src/core/model/decision.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  context,
  member,
  membersOf,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  settledStatus,
  statefulSet,
} from '../../support/observation.ts';
import { names, SimulatedScaling } from './scale-simulated.ts';

const unseen = () =>
  known(statefulSet({ partition: 2, updateRevision: 'prod-new', generation: 2, observedGeneration: 1 }));
const lagging = (ordinal: number) => (ordinal === 2 ? { appliedIndex: 99 } : {});

/** Turns until a step is recorded. */
function until(scaling: SimulatedScaling, step: string): SimulatedScaling {
  for (let turns = 0; scaling.status.scaling?.step !== step && turns < 30; turns++) scaling.turn();
  expect(scaling.status.scaling?.step).to.equal(step);
  return scaling;
}

const turns = (scaling: SimulatedScaling, count: number) => {
  for (let turn = 0; turn < count; turn++) scaling.turn();
};

describe('the PodDisruptionBudget while a removal waits for a person', () => {
  it('lets one member go when the removal has failed, and none again before the next attempt', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { failing: ['remove-peer'] };
    scaling.run();
    expect(scaling.status.lastErrorReason).to.equal('RemovePeerFailed');
    turns(scaling, 4);
    expect(scaling.status.lastErrorReason).to.equal('RemovePeerFailed');
    expect(scaling.budget.maxUnavailable).to.equal(1);
    scaling.faults = { stuckBudget: true };
    scaling.wish({ upgrade: { requests: { retry: 'r1' } } });
    turns(scaling, 4);
    expect(scaling.budget.maxUnavailable).to.equal(0);
    expect(scaling.done).to.deep.equal(['remove-peer prod-3 failed']);
    scaling.faults = {};
    scaling.run();
    expect(scaling.done.slice(1)).to.deep.equal(['remove-peer prod-3', 'size 3', 'delete data-prod-3']);
  });

  it('lets nobody go while another member is not well', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { failing: ['remove-peer'] };
    scaling.run();
    scaling.faults = { broken: [1] };
    turns(scaling, 4);
    expect(scaling.budget.maxUnavailable).to.equal(0);
    scaling.faults = {};
    turns(scaling, 4);
    expect(scaling.budget.maxUnavailable).to.equal(1);
  });

  it('lets nobody go while the Job that removes the peer may act, whatever is held or paused', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { stuck: true };
    scaling.run(20);
    expect(scaling.done).to.deep.equal(['remove-peer prod-3 running']);
    scaling.now += defaultDeadlines.scaling;
    turns(scaling, 4);
    expect(scaling.status.lastErrorReason).to.equal('ScaleTimedOut');
    expect(scaling.budget.maxUnavailable).to.equal(0);
    scaling.wish({ paused: true });
    turns(scaling, 4);
    expect(scaling.budget.maxUnavailable).to.equal(0);
  });

  it('lets nobody go while its Job is still to be made, though it is held', () => {
    const scaling = new SimulatedScaling(4, 3);
    scaling.faults = { stuckBudget: true };
    scaling.run(10);
    scaling.now += defaultDeadlines.scaling;
    turns(scaling, 4);
    expect(scaling.status.lastErrorReason).to.equal('ScaleTimedOut');
    expect(scaling.budget.maxUnavailable).to.equal(0);
    scaling.faults = {};
    turns(scaling, 10);
    expect(scaling.done).to.deep.equal(['remove-peer prod-3', 'size 3', 'delete data-prod-3']);
  });

  const pausedIn = {
    'RemovingPeer, before its Job is made': () => {
      const scaling = until(new SimulatedScaling(4, 3), 'RemovingPeer');
      scaling.faults = { stuckBudget: true };
      turns(scaling, 2);
      return scaling;
    },
    'RemovingPeer, after its Job': () => {
      const scaling = until(new SimulatedScaling(4, 3), 'RemovingPeer');
      turns(scaling, 2);
      expect(scaling.done).to.deep.equal(['remove-peer prod-3']);
      return scaling;
    },
    Shrinking: () => until(new SimulatedScaling(4, 3), 'Shrinking'),
  };
  for (const [when, begin] of Object.entries(pausedIn))
    it(`lets one member go during a pause in ${when}, and goes on after it`, () => {
      const scaling = begin();
      expect(scaling.budget.maxUnavailable).to.equal(0);
      const step = scaling.status.scaling?.step;
      scaling.faults = {};
      scaling.wish({ paused: true });
      const done = Array.from({ length: 6 }, () => scaling.turn().effects).flat();
      // Not if the Job that removes the peer, or another StatefulSet, is there by then.
      const asSeen = done.flatMap((effect) => (effect.kind === 'apply' ? (effect.asSeen ?? []) : []));
      expect(done).to.have.length(1);
      expect(asSeen.map(({ target }) => target.kind)).to.deep.equal(['Job', 'StatefulSet']);
      expect(scaling.status.scaling?.step).to.equal(step);
      expect(scaling.budget.maxUnavailable).to.equal(1);
      scaling.wish({ paused: false });
      scaling.run();
      expect(scaling.done).to.deep.equal(['remove-peer prod-3', 'size 3', 'delete data-prod-3']);
      turns(scaling, 2);
      expect(scaling.status).to.not.have.any.keys('scaling', 'evictions');
    });
});

describe('the PodDisruptionBudget while an upgrade is paused or held in Replacing', () => {
  const upgrade = { phase: 'Replacing', operationId: 'op1', currentPartition: 2, replacing: { ordinal: 2 } };

  function isAllowed(
    seen: Parameters<typeof observation>[0] = {},
    spec: object = { paused: true },
    more = {},
  ) {
    const status = { ...settledStatus(), upgrade: { ...upgrade, ...more } } as OpenBaoClusterStatus;
    const cluster = settledCluster(spec, status);
    const pods = known([serverPod(0), serverPod(1), serverPod(2, { revision: 'prod-new' })]);
    const set = known(statefulSet({ partition: 2, updateRevision: 'prod-new' }));
    const found = observation({ statefulSet: set, pods, ...seen, cluster });
    return decideEvictions(found, status, context()).status.evictions?.allowed ?? false;
  }

  it('lets one member go where the pod is replaced and all have caught up', () => {
    expect(isAllowed()).to.equal(true);
    expect(isAllowed({}, {}, { held: true })).to.equal(true);
    expect(isAllowed({}, {})).to.equal(false);
  });

  it('lets nobody go who holds the last keys of a sealable namespace beside the leader, unless that is accepted', () => {
    const heldBy = (...holders: readonly number[]) => ({
      sealables: known([
        {
          path: 'team/',
          unsealed: new Map([0, 1, 2].map((n) => [`prod-${n}`, known(holders.includes(n))])),
        },
      ]),
    });
    const hold = { held: true };
    expect(isAllowed(heldBy(0, 1, 2), {}, hold)).to.equal(true);
    expect(isAllowed(heldBy(0, 1), {}, hold)).to.equal(false);
    expect(isAllowed(heldBy(), {}, hold)).to.equal(true);
    expect(isAllowed(heldBy(0, 1), { maintenance: { enabled: true } }, hold)).to.equal(true);
  });

  const old = known([0, 1, 2].map((ordinal) => serverPod(ordinal)));
  const inFlight: readonly (readonly [string, Parameters<typeof observation>[0]])[] = [
    ['the StatefulSet controller has yet to replace it', { pods: old }],
    ['the StatefulSet controller has not seen the template', { statefulSet: unseen() }],
    ['the StatefulSet is unknown', { statefulSet: unknown('no answer') }],
    ['there is no StatefulSet', { statefulSet: known(undefined) }],
    ['the pods are unknown', { pods: unknown('no answer') }],
    ['the Jobs are unknown', { jobs: unknown('no answer') }],
    ['the voters are unknown', { raft: unknown('no answer') }],
    ['a stranger votes', { raft: known(raftOf(['prod-0', 'prod-1', 'prod-2', 'prod-3'])) }],
    ['it has no vote yet', { raft: known(raftOf(names(3), { nonVoters: ['prod-2'] })) }],
    ['it has not caught up', { members: membersOf(...[0, 1, 2].map((n) => member(n, lagging(n)))) }],
  ];
  for (const [why, seen] of inFlight)
    it(`lets nobody go where ${why}`, () => {
      expect(isAllowed(seen)).to.equal(false);
    });
});
