import { expect } from 'chai';
import type { KubernetesObject } from '../../../../src/api/kubernetes.ts';
import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../../src/api/openbaocluster.ts';
import { applyDrifted } from '../../../../src/core/cluster/children.ts';
import { known, unknown } from '../../../../src/core/model/known.ts';
import type { Reservation } from '../../../../src/core/model/effect.ts';
import { whyNotKept } from '../../../../src/core/model/reservation.ts';
import { attemptedVersionAnnotation, dataVersionAnnotation } from '../../../../src/api/labels.ts';
import {
  claim,
  disruptionBudget,
  member,
  membersOf,
  newRevision,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  statefulSet,
} from '../../../support/observation.ts';
import { partitionFor } from '../../../../src/core/workload/partition.ts';
import {
  at,
  decideMidway,
  newMember,
  newPod,
  rollingSet,
  targetImage,
  upgrade,
} from './rolling-observation.ts';

/** prod-1 is recorded as the ordinal in work; the StatefulSet is not applied yet. prod-0 leads. */
const recorded = upgrade({
  phase: 'Replacing',
  currentPartition: 1,
  replacing: { ordinal: 1, oldPodUID: 'pod-1' },
  referenceIndex: 100,
});
const statefulSetAt = (partition: number): KubernetesObject => statefulSet({ partition, image: targetImage });
const rendered = statefulSetAt(1);

/** What is looked at once more, right before. */
const reservation: Reservation = {
  budget: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace: 'bao', name: 'prod-pdb' },
  labels: { 'openbao.org/cluster': 'prod', 'openbao.org/component': 'server' },
  staying: [
    { name: 'prod-0', uid: 'pod-0' },
    { name: 'prod-2', uid: 'new-2' },
  ],
};

/** A volume on which it stands already that a pod of the target is let at it. */
const attempted = (ordinal: number) =>
  claim(ordinal, null, {
    annotations: { [dataVersionAnnotation]: '2.5.5', [attemptedVersionAnnotation]: '2.5.6' },
  });

const leadingOne = {
  members: membersOf(
    member(0, { leader: 'prod-1', standby: true }),
    member(1, { leader: 'prod-1', standby: false }),
    newMember(2, { leader: 'prod-1' }),
  ),
  raft: known(raftOf(['prod-0', 'prod-1', 'prod-2'], { leader: 'prod-1' })),
};

function applied(
  facts: Parameters<typeof observation>[0] = {},
  given: RollingUpgrade = recorded,
  more: Partial<OpenBaoClusterStatus> = {},
) {
  const { status: settled, ...cluster } = settledCluster({ version: '2.5.6' });
  const status = { ...settled, upgrade: given, ...more };
  return applyDrifted(
    observation({
      cluster: { ...cluster, status },
      statefulSet: rollingSet(2),
      pods: known([serverPod(0), serverPod(1), newPod(2)]),
      members: membersOf(member(0), member(1), newMember(2)),
      drifted: known([rendered]),
      claims: known([claim(0), attempted(1), attempted(2)]),
      ...facts,
    }),
    status,
    [],
  );
}

describe('the partition comes down', () => {
  it('when the gate lets the pod go in the pass that applies it, too', () => {
    expect(applied()).to.deep.equal({
      effects: [{ kind: 'apply', object: rendered, reservation }],
      notices: [],
    });
  });

  for (const [name, facts, words] of [
    [
      'another member has died since',
      { pods: known([serverPod(0, { ready: false }), serverPod(1), newPod(2)]) },
      'prod-0 is not Ready',
    ],
    [
      'another member is behind',
      { members: membersOf(member(0), member(1), newMember(2, { appliedIndex: 5 })) },
      'prod-2 has not applied index 100',
    ],
    ['the pod has come to lead', leadingOne, 'prod-1 leads'],
    [
      'two pods would go at once',
      { statefulSet: rollingSet(3), pods: known([serverPod(0), serverPod(1), serverPod(2)]) },
      'prod-1 and prod-2 would be stopped together',
    ],
    [
      'another member could still be evicted (C3)',
      { disruptionBudget: known(disruptionBudget({ maxUnavailable: 1 })) },
      'still lets a member be evicted',
    ],
    [
      'the budget is not in force yet (C3)',
      { disruptionBudget: known(disruptionBudget({ generation: 2, observedGeneration: 1 })) },
      'has not seen the newest PodDisruptionBudget',
    ],
    [
      'an eviction of before is on its way (C3)',
      { disruptionBudget: known(disruptionBudget({ disrupted: ['prod-0'] })) },
      'the eviction of prod-0 was let through before',
    ],
    ['there is no budget (C3)', { disruptionBudget: known(undefined) }, 'there is no PodDisruptionBudget'],
    ['the budget could not be read (C3)', { disruptionBudget: unknown('no answer') }, 'no answer'],
  ] as const) {
    it(`not when ${name}, and says so`, () => {
      const { effects, notices } = applied(facts);
      expect(effects).to.deep.equal([]);
      expect(notices[0]).to.include({ kind: 'waiting', reason: 'PartitionHeldBack' });
      expect(notices[0]?.message).to.contain(words);
    });
  }

  it('not while the upgrade holds, nor in an incident', () => {
    expect(applied({}, { ...recorded, held: true }).effects).to.deep.equal([]);
    expect(applied({}, recorded, { breakGlass: { active: true, nonce: 'n' } }).effects).to.deep.equal([]);
  });

  it('over pods that run the target already, whoever leads', () => {
    const pods = known([serverPod(0), newPod(1), newPod(2)]);
    const members = membersOf(
      member(0, { leader: 'prod-1', standby: true }),
      newMember(1, { leader: 'prod-1', standby: false }),
      newMember(2, { leader: 'prod-1' }),
    );
    expect(applied({ ...leadingOne, pods, members }).effects).to.have.length(1);
  });
});

describe('an ordinal recorded as in work, not yet let go', () => {
  const still = (facts: Parameters<typeof observation>[0] = {}) =>
    decideMidway({ upgrade: recorded, observation: { statefulSet: rollingSet(2), ...facts } });

  it('stays in work while the gate would let it go', () => {
    expect(still().status.upgrade).to.include({ phase: 'Replacing', currentPartition: 1 });
  });

  it('steps down first if it leads by now', () => {
    const { status, effects } = still(leadingOne);
    expect(status.upgrade).to.include({ phase: 'SteppingDown', currentPartition: 2 });
    expect(status.upgrade?.stepDown?.pod).to.equal('prod-1');
    expect(effects).to.have.length(1);
  });

  it('waits for a member that has died since, and goes on by itself', () => {
    const { status } = still({ pods: known([serverPod(0, { ready: false }), serverPod(1), newPod(2)]) });
    expect(status.upgrade).to.include({
      phase: 'CatchingUp',
      currentPartition: 2,
      waitingFor: 'prod-0 is not Ready',
    });
    const next = decideMidway({ status, observation: { statefulSet: rollingSet(2) } });
    expect(next.status.upgrade).to.include({ phase: 'Replacing', currentPartition: 1 });
  });

  it('is not taken back once the live partition is down', () => {
    const { status } = still({ ...leadingOne, statefulSet: rollingSet(1) });
    expect(status.upgrade).to.include({ phase: 'Replacing', currentPartition: 1 });
  });

  it('stays let go where the partition had come down unseen', () => {
    const { status } = still(leadingOne);
    const live = (partition: number) =>
      statefulSet({ partition, image: targetImage, updateRevision: newRevision });
    expect(partitionFor(status, 3, live(1))).to.equal(1);
    expect(partitionFor(status, 3, live(2))).to.equal(2);
  });

  it('is no untouched upgrade afterwards: the first one taken back is not dropped', () => {
    const first = upgrade({
      phase: 'Replacing',
      currentPartition: 2,
      completedPods: undefined,
      replacing: { ordinal: 2, oldPodUID: 'pod-2' },
      referenceIndex: 100,
    });
    const { status } = decideMidway({
      upgrade: first,
      observation: {
        statefulSet: rollingSet(3),
        pods: known([serverPod(0, { ready: false }), serverPod(1), serverPod(2)]),
        members: membersOf(member(0), member(1), member(2)),
      },
    });
    expect(status.upgrade?.currentPartition).to.equal(3);
    const reverted = decideMidway({
      spec: { version: '2.5.5' },
      status,
      observation: {
        statefulSet: rollingSet(3),
        pods: known([serverPod(0), serverPod(1), serverPod(2)]),
        members: membersOf(member(0), member(1), member(2)),
      },
    });
    expect(reverted.status.upgrade).not.to.equal(undefined);
  });
});

describe('a partition that somebody lowered, with pods made anew below the ordinal in work', () => {
  // Of newRevision are prod-2 and prod-1.
  const live = (partition: number, updatedReplicas = 2) => {
    const value = statefulSet({ partition, image: targetImage, updateRevision: newRevision });
    return { ...value, status: { ...value.status, updatedReplicas } };
  };
  const pods = known([serverPod(0), newPod(1), newPod(2)]);
  const members = membersOf(member(0), newMember(1), newMember(2));

  it('is put back no higher than these: one would come back with the old version on newer data', () => {
    const status = { initialized: true, upgrade: upgrade() };
    expect(partitionFor(status, 3, live(0))).to.equal(1);
    expect(partitionFor(status, 3, live(1))).to.equal(1);
    expect(partitionFor(status, 3, live(0, 1))).to.equal(2);
    expect(partitionFor(status, 3, live(2, 1))).to.equal(2);
    // Nor does it come down by itself, whatever is counted.
    expect(partitionFor(status, 3, live(2, 3))).to.equal(2);
    expect(partitionFor(status, 3, live(0, 9))).to.equal(0);
  });

  it('does not keep the ordinal in work from going on', () => {
    const first = upgrade({
      phase: 'Replacing',
      completedPods: undefined,
      replacing: { ordinal: 2, oldPodUID: 'pod-2' },
    });
    const lowered = decideMidway({
      upgrade: first,
      observation: { statefulSet: known(live(0)), pods, members },
    });
    expect(lowered.status.upgrade?.waitingFor).to.contain('partition is 0, not 1');
    const { status } = decideMidway({
      upgrade: first,
      observation: { statefulSet: known(live(1)), pods, members },
    });
    expect(status.upgrade?.completedPods).to.deep.equal([1, 2]);
  });
});

/** The StatefulSet as somebody, or a policy, has left it. */
const changed = (rollingUpdate: object, partition = 2) => {
  const value = statefulSet({ image: targetImage, updateRevision: newRevision });
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition, ...rollingUpdate } };
  return known({ ...value, spec: { ...value.spec, updateStrategy } });
};

describe('a StatefulSet that lets more than the pod in work go', () => {
  for (const [name, live, words] of [
    ['may replace three at once', changed({ maxUnavailable: 3 }), 'maxUnavailable is 3, not 1'],
    ['may replace a share at once', changed({ maxUnavailable: '50%' }), 'maxUnavailable is 50%, not 1'],
    ['had its partition lowered by hand', changed({ partition: 0 }), 'partition is 0, not 2'],
  ] as const) {
    it(`keeps the next pod up while it ${name}`, () => {
      const { status } = decideMidway({ observation: { statefulSet: live } });
      expect(status.upgrade).to.include({ phase: 'CatchingUp', currentPartition: 2 });
      expect(status.upgrade?.waitingFor).to.contain(words);
    });

    it(`keeps the leader leading while it ${name}`, () => {
      const { status, effects } = decideMidway({
        observation: {
          statefulSet: live,
          members: membersOf(
            member(0, { leader: 'prod-1', standby: true }),
            member(1, { leader: 'prod-1', standby: false }),
            newMember(2, { leader: 'prod-1' }),
          ),
          raft: known(raftOf(['prod-0', 'prod-1', 'prod-2'], { leader: 'prod-1' })),
        },
      });
      expect(effects).to.deep.equal([]);
      expect(status.upgrade?.phase).to.equal('CatchingUp');
      expect(status.upgrade?.waitingFor).to.contain(words);
    });

    it(`holds with that reason where it still ${name} at the deadline`, () => {
      const { status } = decideMidway({
        upgrade: upgrade({ phaseStartedAt: at(-700), deadline: at(-1) }),
        observation: { statefulSet: live },
      });
      expect(status.upgrade?.held).to.equal(true);
      expect(status.lastErrorMessage).to.contain(words);
    });
  }

  it('goes on where the API server has dropped the field, or says 1', () => {
    for (const live of [changed({}), changed({ maxUnavailable: 1 })]) {
      const { status } = decideMidway({ observation: { statefulSet: live } });
      expect(status.upgrade).to.include({ phase: 'Replacing', currentPartition: 1 });
    }
  });

  it('is put back before its partition comes down further', () => {
    const live = changed({ maxUnavailable: 3 });
    expect(applied({ statefulSet: live }).effects).to.deep.equal([]);
    const { status } = decideMidway({ upgrade: recorded, observation: { statefulSet: live } });
    expect(status.upgrade).to.include({ phase: 'CatchingUp', currentPartition: 2 });
    const wanted: KubernetesObject = statefulSetAt(2);
    expect(applied({ statefulSet: live, drifted: known([wanted]) }, status.upgrade)).to.deep.equal({
      effects: [{ kind: 'apply', object: wanted }],
      notices: [],
    });
  });
});

describe('a reservation, looked at once more (C3)', () => {
  const kept = (
    pods = [serverPod(0), serverPod(1), newPod(2)],
    budget: ReturnType<typeof disruptionBudget> | undefined = disruptionBudget(),
  ) => whyNotKept(reservation, budget, pods);

  it('is kept while the others are as they were, whatever becomes of the one that goes', () => {
    expect(kept()).to.equal(undefined);
    expect(kept([serverPod(0), newPod(2)])).to.equal(undefined);
  });

  it('is not kept when another member goes, is gone, is not Ready or is another pod', () => {
    for (const pods of [
      [serverPod(0, { terminating: true }), serverPod(1), newPod(2)],
      [serverPod(1), newPod(2)],
      [serverPod(0, { ready: false }), serverPod(1), newPod(2)],
      [serverPod(0, { uid: 'another' }), serverPod(1), newPod(2)],
    ]) {
      expect(kept(pods)).to.equal('prod-0 is not as it was a moment ago');
    }
  });

  it('is not kept when somebody has changed the budget', () => {
    expect(kept(undefined, disruptionBudget({ maxUnavailable: 1 }))).to.contain('be evicted');
    expect(whyNotKept(reservation, undefined, [serverPod(0), newPod(2)])).to.contain('there is no');
  });
});
