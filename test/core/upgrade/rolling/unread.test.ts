import { expect } from 'chai';
import type { RollingUpgrade } from '../../../../src/api/openbaocluster.ts';
import { actionAnnotation, operationAnnotation, runningVersionLabel } from '../../../../src/api/labels.ts';
import { jobName } from '../../../../src/core/jobs/job-name.ts';
import type { Decision } from '../../../../src/core/model/decision.ts';
import { known, unknown, type Known } from '../../../../src/core/model/known.ts';
import type { Member } from '../../../../src/core/model/observation.ts';
import {
  claim,
  member,
  membersOf,
  observedJob,
  serverPod,
  statefulSet,
} from '../../../support/observation.ts';
import { newRevision } from '../../../support/observation.ts';
import {
  at,
  decideMidway,
  newMember,
  newPod,
  rollingSet,
  targetImage,
  upgrade,
} from './rolling-observation.ts';

const said = 'GET sys/leader: 200 with an answer of another shape: /leader_address is missing';

/** Everybody answers but these, of whom nothing is understood. */
const butUnread = (...pods: readonly string[]): ReadonlyMap<string, Known<Member>> =>
  new Map([
    ...membersOf(member(0), member(1), newMember(2)),
    ...pods.map((pod) => [pod, unknown(`${pod}: ${said}`)] as const),
  ]);

/** prod-2, the first one, is in work: Ready, and not understood. */
const first = (given: RollingUpgrade = {}) =>
  upgrade({
    phase: 'Replacing',
    phaseStartedAt: at(-700),
    currentPartition: 2,
    completedPods: undefined,
    replacing: { ordinal: 2, oldPodUID: 'pod-2' },
    deadline: at(-1),
    targetStarted: true,
    ...given,
  });
const facts = {
  statefulSet: rollingSet(2),
  members: butUnread('prod-2'),
  claims: known([claim(0), claim(1), claim(2, '2.5.6')]),
};
const held = first({ held: true });
const status = { lastErrorReason: 'MemberUnreadable', lastErrorMessage: 'of before' };

describe('a pod in work that is Ready, but cannot be understood (V2)', () => {
  it('holds at its deadline, and names the answer, the member, its version and every way out', () => {
    const { upgrade: after, ...said_ } = decideMidway({ upgrade: first(), observation: facts }).status;
    expect(after?.held).to.equal(true);
    expect(said_.lastErrorReason).to.equal('MemberUnreadable');
    expect(said_.lastErrorDetails?.message).to.equal(
      `prod-2 (OpenBao 2.5.6) is Ready, but cannot be understood: ${said}; phase Replacing has waited since ${at(-700)}`,
    );
    expect(said_.lastErrorDetails?.remedy).to.equal(
      'Set spec.version to a newer version, or spec.image to another image of 2.5.6; or correct what answers there (see: kubectl logs prod-2 -n bao -c openbao), or update Rollguard to a release that knows this OpenBao. A retry recreates prod-2',
    );
    expect(said_.lastErrorDetails?.commands?.map(({ line }) => line)).to.have.length(1);
  });

  it('is of the version that OpenBao wrote on its pod, where the image does not tell', () => {
    const pod = newPod(2, { image: 'mirror.example/openbao@sha256:1' });
    const labels = { ...pod.metadata.labels, [runningVersionLabel]: '2.5.6' };
    const pods = known([serverPod(0), serverPod(1), { ...pod, metadata: { ...pod.metadata, labels } }]);
    const { lastErrorMessage } = decideMidway({ upgrade: first(), observation: { ...facts, pods } }).status;
    expect(lastErrorMessage).to.contain('prod-2 (OpenBao 2.5.6)');
  });

  it('is waited for until then', () => {
    const early = decideMidway({ upgrade: first({ deadline: at(1) }), observation: facts }).status;
    expect(early.upgrade?.held).to.equal(undefined);
    expect(early.upgrade?.waitingFor).to.equal(`prod-2 to answer: prod-2: ${said}`);
    expect(
      decideMidway({
        spec: { version: '2.5.7' },
        upgrade: first({ deadline: at(1) }),
        observation: facts,
      }).status.upgrade?.retarget,
    ).to.equal(undefined);
  });

  describe('once held', () => {
    const checked = (version: string) =>
      observedJob(
        jobName('prod', { action: 'version-check', operationId: 'op00000002' }),
        'succeeded',
        `OpenBao v${version}, built 2026-01-01T00:00:00Z`,
      );
    const ask = (given: Parameters<typeof decideMidway>[0] & object) =>
      decideMidway({
        status,
        upgrade: held,
        context: { newOperationId: 'op00000002' },
        ...given,
        observation: { ...facts, jobs: known([checked('2.5.7')]), ...given.observation },
      });

    it('gives way to a newer target', () => {
      const { upgrade: after, lastErrorReason } = ask({ spec: { version: '2.5.7' } }).status;
      expect(after).to.include({ phase: 'Replacing', targetVersion: '2.5.7' });
      expect(after?.held).to.equal(undefined);
      expect(after?.replacing).to.deep.equal({ ordinal: 2, oldPodUID: 'new-2' });
      expect(lastErrorReason).to.equal(undefined);
    });

    it('gives way to it also when its image is checked first, and its time begins anew', () => {
      const asked = ask({ spec: { version: '2.5.7' }, observation: { jobs: known([]) } });
      expect(asked.status.upgrade).to.include({ targetVersion: '2.5.6', deadline: at(600) });
      expect(asked.effects).to.have.length(1);
      const next = ask({ spec: { version: '2.5.7' }, upgrade: asked.status.upgrade ?? {} });
      expect(next.status.upgrade).to.include({ targetVersion: '2.5.7' });
    });

    it('does not while another member is not understood either', () => {
      const { upgrade: after } = ask({
        spec: { version: '2.5.7' },
        observation: { members: butUnread('prod-1', 'prod-2') },
      }).status;
      expect(after).to.include({ targetVersion: '2.5.6' });
      expect(after?.waitingFor).to.contain('the next target is 2.5.7, but no leader is known');
    });

    it('does not give way to the old target on data that the target opened, and says so', () => {
      const after = ask({ spec: { version: '2.5.5' } }).status;
      expect(after.lastErrorReason).to.equal('DowngradeBlocked');
      expect(after.lastErrorMessage).to.contain('2.5.6 has already run on this data');
      const told = ask({ spec: { version: '2.5.5' }, status: after });
      expect(told.events).to.deep.equal([]);
    });

    it('is made anew by a retry', () => {
      const spec = { upgrade: { requests: { retry: 'once' } } };
      const asked = ask({ spec }).status;
      expect(asked.upgrade).to.include({ phase: 'Replacing' });
      expect(asked.upgrade?.replacing).to.deep.equal({ ordinal: 2, oldPodUID: 'new-2' });
      const { effects } = ask({ spec, status: asked, upgrade: asked.upgrade ?? {} });
      expect(effects).to.have.length(1);
      const [effect] = effects;
      expect(effect).to.deep.include({
        kind: 'delete',
        target: { apiVersion: 'v1', kind: 'Pod', namespace: 'bao', name: 'prod-2' },
        uid: 'new-2',
        resourceVersion: '1',
      });
      expect(effect?.kind === 'delete' && effect.reservation?.staying.map(({ name }) => name)).to.deep.equal([
        'prod-0',
        'prod-1',
      ]);
    });

    it('is not made anew by a retry when it is understood by then, nor while another member is ill', () => {
      const retried = first({ replacing: { ordinal: 2, oldPodUID: 'new-2' }, deadline: at(600) });
      const well = decideMidway({ upgrade: retried, observation: { ...facts, members: butUnread() } });
      expect(well.effects).to.deep.equal([]);
      expect(well.status.upgrade?.completedPods).to.deep.equal([2]);
      const ill = decideMidway({
        upgrade: retried,
        observation: { ...facts, members: butUnread('prod-1', 'prod-2') },
      });
      expect(ill.effects).to.deep.equal([]);
      expect(ill.status.upgrade?.waitingFor).to.contain('prod-2 is to be replaced, but no leader is known');
    });

    it('is taken down only while its seal is proved to open again', () => {
      const spec = {
        unseal: {
          type: 'transit',
          transit: { address: 'https://keys', mountPath: 'transit', keyName: 'prod' },
        },
      } as const;
      const proof = (effects: Decision['effects']) =>
        effects.map((each) => (each.kind === 'create' ? each.object.metadata?.annotations : each));
      const asked = [{ [actionAnnotation]: 'seal-check', [operationAnnotation]: 'op00000001' }];
      const retried = first({ replacing: { ordinal: 2, oldPodUID: 'new-2' }, deadline: at(600) });
      expect(proof(decideMidway({ spec, upgrade: retried, observation: facts }).effects)).to.deep.equal(
        asked,
      );
      const newer = ask({ spec: { ...spec, version: '2.5.7' } });
      expect(newer.status.upgrade).to.include({ targetVersion: '2.5.6' });
      expect(proof(newer.effects)).to.deep.equal(asked);
    });

    it('while it catches up, is made anew by a retry too', () => {
      const catching = first({
        phase: 'CatchingUp',
        held: true,
        replacing: undefined as never,
        catchUp: [{ ordinal: 2, podUID: 'new-2' }],
      });
      const after = ask({ spec: { upgrade: { requests: { retry: 'once' } } }, upgrade: catching }).status;
      expect(after.upgrade).to.include({ phase: 'Replacing' });
      expect(after.upgrade?.replacing).to.deep.equal({ ordinal: 2, oldPodUID: 'new-2' });
    });
  });
});

describe('a member that cannot be understood and is not in work (V2)', () => {
  it('is named where the leader cannot be told because of it', () => {
    const { lastErrorReason, lastErrorMessage } = decideMidway({
      upgrade: upgrade({ deadline: at(-1) }),
      observation: { members: butUnread('prod-0'), raft: unknown('no member leads') },
    }).status;
    expect(lastErrorReason).to.equal('MemberUnreadable');
    expect(lastErrorMessage).to.contain(`prod-0 (OpenBao 2.5.5) is Ready, but cannot be understood: ${said}`);
    expect(lastErrorMessage).to.contain(
      'kubectl exec -n bao prod-0 -c openbao -- env BAO_TOKEN=TOKEN bao operator step-down',
    );
  });

  it('is named where the leader does not say who votes', () => {
    const cause = 'prod-0: POST auth/jwt-operator/login: 403 permission denied';
    const { lastErrorReason, lastErrorMessage } = decideMidway({
      upgrade: upgrade({ deadline: at(-1) }),
      observation: { raft: unknown(cause) },
    }).status;
    expect(lastErrorReason).to.equal('MemberUnreadable');
    expect(lastErrorMessage).to.contain(
      'prod-0 (OpenBao 2.5.5) is Ready, but cannot be understood: POST auth/jwt-operator/login: 403 permission denied',
    );
  });

  it('is not blamed for what is not waited for because of it', () => {
    const behind = new Map([
      ...butUnread('prod-1'),
      ['prod-2', known(newMember(2, { appliedIndex: 5 }))],
    ] as const);
    const { lastErrorReason } = decideMidway({
      upgrade: upgrade({ deadline: at(-1), completedPods: [], catchUp: [{ ordinal: 2, podUID: 'new-2' }] }),
      observation: { members: behind },
    }).status;
    expect(lastErrorReason).to.equal('NotCaughtUp');
  });

  it('cancels nothing by itself before anything is touched, and the message says how', () => {
    const { lastErrorReason, lastErrorMessage } = decideMidway({
      upgrade: upgrade({
        phase: 'PreChecks',
        currentPartition: undefined,
        completedPods: [],
        deadline: at(-1),
      }),
      observation: {
        members: new Map([
          ...membersOf(member(0), member(1), member(2)),
          ['prod-1', unknown(`prod-1: ${said}`)],
        ]),
        pods: known([serverPod(0), serverPod(1), serverPod(2)]),
        statefulSet: known(statefulSet()),
      },
    }).status;
    expect(lastErrorReason).to.equal('MemberUnreadable');
    expect(lastErrorMessage).to.contain('set spec.version back to 2.5.5, which cancels the upgrade');
  });
});

describe('the end of an upgrade in which a member cannot be understood (V2)', () => {
  const end = (given: { readonly deadline: string; readonly ready?: boolean }) =>
    decideMidway({
      upgrade: upgrade({
        phase: 'Finalizing',
        currentPartition: 0,
        completedPods: [0, 1, 2],
        deadline: given.deadline,
      }),
      observation: {
        statefulSet: known(statefulSet({ partition: 0, image: targetImage, currentRevision: newRevision })),
        pods: known([newPod(0), newPod(1, { ready: given.ready ?? true }), newPod(2)]),
        members: new Map([
          ...membersOf(newMember(0), newMember(1), newMember(2)),
          ['prod-1', unknown(`prod-1: ${said}`)] as const,
        ]),
      },
    });

  it('is waited for until the deadline, and then comes, and says so', () => {
    expect(end({ deadline: at(1) }).status.upgrade?.phase).to.equal('Finalizing');
    const { status: after, events } = end({ deadline: at(-1) });
    expect(after.upgrade).to.equal(undefined);
    expect(after.currentVersion).to.equal('2.5.6');
    expect(events.map(({ note }) => note).join()).to.contain(
      `prod-1 (OpenBao 2.5.6) is Ready, but cannot be understood: ${said}`,
    );
  });

  it('does not come while its pod is not Ready', () => {
    expect(end({ deadline: at(-1), ready: false }).status.lastErrorReason).to.equal('NotConverged');
  });
});
