import { expect } from 'chai';
import { activeLabel } from '../../../../src/api/labels.ts';
import { jobName } from '../../../../src/core/jobs/job-name.ts';
import { known, unknown } from '../../../../src/core/model/known.ts';
import {
  member,
  membersOf,
  newRevision,
  observedJob,
  oldRevision,
  raftOf,
  serverPod,
  statefulSet,
} from '../../../support/observation.ts';
import {
  at,
  decideMidway,
  newMember,
  newPod,
  rollingSet,
  targetImage,
  upgrade,
} from './rolling-observation.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

const stepDownJob = (operationId: string, attempt: number) =>
  jobName('prod', { action: 'step-down', operationId, pod: 'prod-0', attempt });

/** prod-1 and prod-2 are the target's; prod-0 leads and is next. */
const lastOne = {
  upgrade: upgrade({ currentPartition: 1, completedPods: [1, 2] }),
  observation: {
    statefulSet: rollingSet(1),
    pods: known([serverPod(0), newPod(1), newPod(2)]),
    members: membersOf(member(0), newMember(1), newMember(2)),
  },
} as const;

const phaseOf = ({ status }: { readonly status: { readonly upgrade?: { readonly phase?: string } } }) =>
  status.upgrade?.phase;

describe('bugs of the reference operator that a rolling upgrade does not repeat', () => {
  it('7.1, 5: peers are matched by exact names, so prod-20 is not prod-2', () => {
    const raft = known(raftOf(['prod-0', 'prod-1', 'prod-20']));
    const { status } = decideMidway({ observation: { raft } });
    expect(status.upgrade?.phase).to.equal('CatchingUp');
    expect(status.upgrade?.waitingFor).to.equal('prod-2 is not a voter');
  });

  it('7.1, 6: a step-down that failed in an earlier attempt is not taken for one of this attempt', () => {
    const jobs = known([observedJob(stepDownJob('op00000000', 1), 'failed', 'of before')]);
    const decision = decideMidway({ ...lastOne, observation: { ...lastOne.observation, jobs } });
    expect(decision.status.upgrade?.held).to.equal(undefined);
    expect(
      decision.effects.map((effect) => effect.kind === 'create' && effect.object.metadata?.name),
    ).to.deep.equal([stepDownJob('op00000001', 1)]);
  });

  it('7.1, 6: a second step-down of one pod in one attempt has a name of its own', () => {
    const jobs = known([observedJob(stepDownJob('op00000001', 1), 'succeeded')]);
    const again = { ...lastOne.upgrade, stepDowns: 1 };
    const decision = decideMidway({ upgrade: again, observation: { ...lastOne.observation, jobs } });
    expect(
      decision.effects.map((effect) => effect.kind === 'create' && effect.object.metadata?.name),
    ).to.deep.equal([stepDownJob('op00000001', 2)]);
  });

  describe('7.1, 9 and 11, 2: an old Ready pod is not an upgraded one', () => {
    const replacing = upgrade({
      phase: 'Replacing',
      currentPartition: 1,
      replacing: { ordinal: 1, oldPodUID: 'pod-1' },
    });
    const waits = (observation: Parameters<typeof decideMidway>[0] & object) => {
      const { status, effects } = decideMidway({ upgrade: replacing, ...observation });
      expect(status.upgrade?.phase).to.equal('Replacing');
      expect(effects).to.deep.equal([]);
      return status.upgrade?.waitingFor;
    };

    it('while the StatefulSet is not applied', () => {
      expect(waits({ observation: { statefulSet: rollingSet(2) } })).to.contain('partition is 2, not 1');
    });

    it('while the StatefulSet controller has not seen it', () => {
      const unseen = statefulSet({ partition: 1, image: targetImage, generation: 5, observedGeneration: 4 });
      expect(waits({ observation: { statefulSet: known(unseen) } })).to.contain('has not seen');
    });

    it('while the pod is of the old revision', () => {
      expect(waits({})).to.equal('the StatefulSet controller to replace prod-1');
    });

    it('while the newest template has another image than the target', () => {
      const other = statefulSet({ partition: 1, updateRevision: newRevision });
      const pods = known([serverPod(0), newPod(1), newPod(2)]);
      expect(waits({ observation: { pods, statefulSet: known(other) } })).to.contain(
        'template still has the image openbao/openbao:2.5.5',
      );
    });

    it('and a new pod is one whose image was rewritten at admission', () => {
      const pods = known([serverPod(0), newPod(1, { image: 'mirror.example/openbao@sha256:1' }), newPod(2)]);
      const members = membersOf(member(0), newMember(1, { appliedIndex: 0 }), newMember(2));
      const { status } = decideMidway({ upgrade: replacing, observation: { pods, members } });
      expect(status.upgrade?.catchUp?.map(({ podUID }) => podUID)).to.deep.equal(['new-1']);
    });

    it('while only the old pod has answered', () => {
      const pods = known([serverPod(0), newPod(1), newPod(2)]);
      expect(waits({ observation: { pods } })).to.contain('only an earlier pod of this name');
    });

    it('while it is being deleted', () => {
      const pods = known([serverPod(0), newPod(1, { terminating: true }), newPod(2)]);
      expect(waits({ observation: { pods } })).to.equal('prod-1 to end');
    });

    it('and the new one is, once Ready and unsealed', () => {
      const pods = known([serverPod(0), newPod(1), newPod(2)]);
      const members = membersOf(member(0), newMember(1, { appliedIndex: 0 }), newMember(2));
      const { status } = decideMidway({ upgrade: replacing, observation: { pods, members } });
      expect(status.upgrade?.catchUp?.map(({ podUID }) => podUID)).to.deep.equal(['new-1']);
    });
  });

  describe('7.1, 10: the version changes together with the end, from what runs', () => {
    const finalizing = upgrade({ phase: 'Finalizing', currentPartition: 0, completedPods: [0, 1, 2] });
    const pods = known([newPod(0), newPod(1), newPod(2)]);
    const members = membersOf(newMember(0), newMember(1), newMember(2));
    const done = known(statefulSet({ partition: 0, image: targetImage, currentRevision: newRevision }));

    it('in one write', () => {
      const { status } = decideMidway({
        upgrade: finalizing,
        status: {
          lastErrorReason: 'PodNotReady',
          operationLock: { operation: 'Upgrade', operationId: 'op00000001', renewedAt: at(0) },
        },
        observation: { pods, members, statefulSet: done },
      });
      expect(status).to.include({ currentVersion: '2.5.6', image: targetImage });
      expect(status).not.to.have.any.keys('upgrade', 'operationLock', 'lastErrorReason');
    });

    it('not while the StatefulSet controller still calls the old revision current', () => {
      const { status } = decideMidway({
        upgrade: finalizing,
        observation: { pods, members, statefulSet: rollingSet(0) },
      });
      expect(status.upgrade?.phase).to.equal('Finalizing');
      expect(status.currentVersion).to.equal('2.5.5');
    });

    it('not when a member says that it runs another version', () => {
      const { status } = decideMidway({
        upgrade: finalizing,
        observation: {
          pods,
          members: membersOf(newMember(0), newMember(1), newMember(2, { version: '2.5.5' })),
          statefulSet: done,
        },
      });
      expect(status.lastErrorReason).to.equal('VersionMismatch');
    });
  });

  it('7.1, 11: the lock is given back when the checks before the start fail', () => {
    const world = new SimulatedCluster();
    world.jobFailures.set('preflight', '403');
    world.spec({ version: '2.5.6' });
    for (let turn = 0; turn < 20; turn++) {
      world.pass();
      world.tick();
    }
    expect(world.status.lastErrorReason).to.equal('LoginFailed');
    expect(world.status.operationLock).to.equal(undefined);
  });

  it('7.1, 12: a broken pod of an older template is deleted, this very pod only', () => {
    const replacing = upgrade({
      phase: 'Replacing',
      currentPartition: 1,
      replacing: { ordinal: 1, oldPodUID: 'pod-1' },
    });
    const broken = serverPod(1, { revision: 'prod-broken', uid: 'broken', waiting: 'ImagePullBackOff' });
    const members = membersOf(member(0), newMember(2));
    const { effects } = decideMidway({
      upgrade: replacing,
      observation: { pods: known([serverPod(0), broken, newPod(2)]), members },
    });
    expect(effects).to.deep.equal([
      {
        kind: 'delete',
        target: { apiVersion: 'v1', kind: 'Pod', namespace: 'bao', name: 'prod-1' },
        uid: 'broken',
        resourceVersion: '1',
        reservation: {
          budget: {
            apiVersion: 'policy/v1',
            kind: 'PodDisruptionBudget',
            namespace: 'bao',
            name: 'prod-pdb',
          },
          labels: { 'openbao.org/cluster': 'prod', 'openbao.org/component': 'server' },
          staying: [
            { name: 'prod-0', uid: 'pod-0' },
            { name: 'prod-2', uid: 'new-2' },
          ],
        },
      },
    ]);
  });

  it('7.1, 12: and left alone while another member is down', () => {
    const replacing = upgrade({
      phase: 'Replacing',
      currentPartition: 1,
      replacing: { ordinal: 1, oldPodUID: 'pod-1' },
    });
    const broken = serverPod(1, { revision: 'prod-broken', uid: 'broken', waiting: 'ImagePullBackOff' });
    const { effects, status } = decideMidway({
      upgrade: replacing,
      observation: { pods: known([serverPod(0), broken, newPod(2, { ready: false })]) },
    });
    expect(effects).to.deep.equal([]);
    expect(status.upgrade?.waitingFor).to.contain('prod-2 is not Ready');
  });

  it('7.1, 12: a retry has new Job names, so that no stale step-down Job is in its way', () => {
    const held = upgrade({ ...lastOne.upgrade, phase: 'SteppingDown', held: true, stepDowns: 1 });
    const { status } = decideMidway({
      spec: { upgrade: { requests: { retry: 'once' } } },
      upgrade: held,
      observation: lastOne.observation,
      context: { newOperationId: 'op00000002' },
    });
    expect(status.upgrade).to.include({ operationId: 'op00000002', phase: 'SteppingDown' });
    expect(status.upgrade?.held).to.equal(undefined);
    expect(status.upgradeRequests?.lastHandledRetry).to.equal('once');
  });

  it('7.1, 13: a single member is never asked to step down', () => {
    const world = new SimulatedCluster({ replicas: 1 });
    world.spec({ version: '2.5.6' });
    for (let turn = 0; turn < 60; turn++) {
      world.pass();
      world.tick();
    }
    expect(world.status.currentVersion).to.equal('2.5.6');
    expect([...world.jobs.values()].map(({ action }) => action)).not.to.include('step-down');
  });

  it('7.1, 13: leadership that came back is moved again, 15 s later at the earliest', () => {
    const back = upgrade({
      ...lastOne.upgrade,
      phase: 'SteppingDown',
      stepDowns: 1,
      stepDown: { pod: 'prod-0', attempt: 1, askedAt: at(-5) },
    });
    const jobs = known([observedJob(stepDownJob('op00000001', 1), 'succeeded')]);
    const observation = { ...lastOne.observation, jobs };
    const first = decideMidway({ upgrade: back, observation, status: { lastStepDownAt: at(-5) } });
    expect(first.effects).to.deep.equal([]);
    expect(first.status.lastStepDownAt).to.equal(at(0));
    const soon = decideMidway({ status: first.status, observation, context: { now: Date.parse(at(14)) } });
    expect(soon.effects).to.deep.equal([]);
    const later = decideMidway({ status: soon.status, observation, context: { now: Date.parse(at(16)) } });
    expect(later.effects).to.have.length(1);
    expect(later.status.upgrade?.stepDown?.attempt).to.equal(2);
  });

  it('7.1, 14: who leads is what members say of themselves; the label may lag', () => {
    const labelled = (ordinal: number, active: string) => {
      const pod = ordinal === 0 ? serverPod(0) : newPod(ordinal);
      return {
        ...pod,
        metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [activeLabel]: active } },
      };
    };
    const pods = known([labelled(0, 'false'), labelled(1, 'true'), labelled(2, 'false')]);
    const decision = decideMidway({ ...lastOne, observation: { ...lastOne.observation, pods } });
    expect(phaseOf(decision)).to.equal('SteppingDown');
  });

  describe('11, 1: each step has its own time', () => {
    it('a leader reached a day after the start has its whole time to step down', () => {
      const late = upgrade({
        ...lastOne.upgrade,
        startedAt: at(-86_400),
        phaseStartedAt: at(-86_000),
        deadline: at(5),
      });
      const { status } = decideMidway({ ...lastOne, upgrade: late });
      expect(status.upgrade).to.include({ phase: 'SteppingDown', deadline: at(60) });
      expect(status.upgrade?.held).to.equal(undefined);
    });

    it('a passed deadline holds, with the reason, what it waited for and the next command', () => {
      const overdue = upgrade({
        catchUp: [{ ordinal: 2, podUID: 'new-2' }],
        completedPods: undefined,
        deadline: at(-1),
      });
      const { status, effects } = decideMidway({
        upgrade: overdue,
        observation: { members: membersOf(member(0), member(1), newMember(2, { appliedIndex: 5 })) },
      });
      expect(effects).to.deep.equal([]);
      expect(status.upgrade?.held).to.equal(true);
      expect(status.lastErrorReason).to.equal('NotCaughtUp');
      expect(status.lastErrorMessage).to.contain('prod-2 has not applied index 100');
      expect(status.lastErrorMessage).to.contain('kubectl patch openbaocluster prod -n bao');
    });

    it('what is seen counts before a passed deadline does', () => {
      const overdue = upgrade({
        catchUp: [{ ordinal: 2, podUID: 'new-2' }],
        completedPods: undefined,
        deadline: at(-1),
      });
      const { status } = decideMidway({ upgrade: overdue });
      expect(status.upgrade?.completedPods).to.deep.equal([2]);
      expect(status.upgrade?.held).to.equal(undefined);
    });
  });

  describe('11, 3: healthy means voter and caught up, and quorum is of what Raft counts', () => {
    const catching = upgrade({ catchUp: [{ ordinal: 2, podUID: 'new-2' }], completedPods: undefined });

    it('a pod that is Ready and unsealed, but behind, is not done', () => {
      const members = membersOf(member(0), member(1), newMember(2, { appliedIndex: 99 }));
      const { status } = decideMidway({ upgrade: catching, observation: { members } });
      expect(status.upgrade?.completedPods).to.equal(undefined);
      expect(status.upgrade?.currentPartition).to.equal(2);
    });

    it('nor one that is no voter', () => {
      const raft = known(raftOf(['prod-0', 'prod-1', 'prod-2'], { nonVoters: ['prod-2'] }));
      expect(decideMidway({ upgrade: catching, observation: { raft } }).status.upgrade?.waitingFor).to.equal(
        'prod-2 is not a voter',
      );
    });

    it('nor one of another cluster, which holds at once', () => {
      const members = membersOf(member(0), member(1), newMember(2, { clusterId: 'another' }));
      expect(decideMidway({ upgrade: catching, observation: { members } }).status.lastErrorReason).to.equal(
        'TwoClusters',
      );
    });

    it('dead voters that Raft still counts keep the next pod up', () => {
      const raft = known(raftOf(['prod-0', 'prod-1', 'prod-2', 'prod-7', 'prod-8']));
      const { status } = decideMidway({ observation: { raft } });
      expect(status.upgrade?.currentPartition).to.equal(2);
      expect(status.upgrade?.waitingFor).to.contain('not a quorum: 3 of 5 are needed');
    });
  });

  describe('a step-down overlaps a catch-up', () => {
    /** prod-1 has been replaced and is up, but behind; prod-0 leads. */
    const behind = {
      upgrade: upgrade({
        currentPartition: 1,
        catchUp: [{ ordinal: 1, podUID: 'new-1' }],
        replacing: { ordinal: 1, oldPodUID: 'pod-1' },
      }),
      observation: {
        statefulSet: rollingSet(1),
        pods: known([serverPod(0), newPod(1), newPod(2)]),
        members: membersOf(member(0), newMember(1, { appliedIndex: 5 }), newMember(2)),
      },
    } as const;

    it('while another member of the target has caught up, and the partition stays', () => {
      const { status, effects } = decideMidway(behind);
      expect(status.upgrade).to.include({ phase: 'SteppingDown', currentPartition: 1 });
      expect(effects).to.have.length(1);
    });

    it('not before the replaced pod is unsealed', () => {
      const members = membersOf(member(0), newMember(1, { sealed: true }), newMember(2));
      const { effects } = decideMidway({ ...behind, observation: { ...behind.observation, members } });
      expect(effects).to.deep.equal([]);
    });

    it('not while the heir of the target is behind as well', () => {
      const members = membersOf(
        member(0),
        newMember(1, { appliedIndex: 5 }),
        newMember(2, { appliedIndex: 5 }),
      );
      const { effects } = decideMidway({ ...behind, observation: { ...behind.observation, members } });
      expect(effects).to.deep.equal([]);
    });

    it('not while the only heir still runs the old version: leadership would have to move again', () => {
      const { effects, status } = decideMidway({
        upgrade: upgrade({ completedPods: undefined, catchUp: [{ ordinal: 2, podUID: 'new-2' }] }),
        observation: {
          members: membersOf(
            member(0, { standby: true, leader: 'prod-1' }),
            member(1, { standby: false, leader: 'prod-1' }),
            newMember(2, { leader: 'prod-1', appliedIndex: 5 }),
          ),
          raft: known(raftOf(['prod-0', 'prod-1', 'prod-2'], { leader: 'prod-1' })),
        },
      });
      expect(effects).to.deep.equal([]);
      expect(status.upgrade?.phase).to.equal('CatchingUp');
    });
  });

  describe('11, 4: midway, the pod in work may be down, and no other', () => {
    it('the expected restart is waited for, not an error', () => {
      const replacing = upgrade({
        phase: 'Replacing',
        currentPartition: 1,
        replacing: { ordinal: 1, oldPodUID: 'pod-1' },
      });
      const pods = known([serverPod(0), newPod(2)]);
      const { status } = decideMidway({
        upgrade: replacing,
        observation: { pods, members: membersOf(member(0), newMember(2)) },
      });
      expect(status.lastErrorReason).to.equal(undefined);
      expect(status.upgrade?.waitingFor).to.equal('pod of ordinal 1 to be created');
    });

    it('another one down keeps the next one up', () => {
      const pods = known([serverPod(0, { ready: false }), serverPod(1), newPod(2)]);
      const { status } = decideMidway({ observation: { pods } });
      expect(status.upgrade?.currentPartition).to.equal(2);
      expect(status.upgrade?.waitingFor).to.equal('prod-0 is not Ready');
    });
  });

  it('unknown never means yes: no fact that could not be read lets a pod go down', () => {
    for (const field of ['statefulSet', 'pods', 'jobs', 'raft'] as const) {
      const given = lastOne.observation;
      const { effects, status } = decideMidway({
        ...lastOne,
        observation: { ...given, [field]: unknown('timed out') },
      });
      const stopped = field === 'statefulSet';
      // The StatefulSet is not asked when a leader is to step down; everything else is.
      expect(stopped || effects.length === 0, field).to.equal(true);
      expect(status.upgrade?.currentPartition, field).to.equal(1);
    }
    const lost = membersOf(member(0), newMember(1));
    const members = new Map([...lost, ['prod-2', unknown('timed out')] as const]);
    expect(
      decideMidway({ ...lastOne, observation: { ...lastOne.observation, members } }).effects,
    ).to.deep.equal([]);
  });

  it('the revision of old pods is the StatefulSet current one, so nothing of this file is vacuous', () => {
    expect(serverPod(1).metadata.labels?.['controller-revision-hash']).to.equal(oldRevision);
  });
});
