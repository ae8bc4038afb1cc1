import { expect } from 'chai';
import type { RollingUpgrade } from '../../../../src/api/openbaocluster.ts';
import { jobName } from '../../../../src/core/jobs/job-name.ts';
import { known, unknown } from '../../../../src/core/model/known.ts';
import { claim, member, membersOf, observedJob, raftOf, serverPod } from '../../../support/observation.ts';
import { decideMidway, newMember, newPod, rollingSet, upgrade } from './rolling-observation.ts';

/** prod-2, the first one, is in work, and its pod cannot start. */
const first = (given: RollingUpgrade = {}) =>
  upgrade({
    phase: 'Replacing',
    currentPartition: 2,
    completedPods: undefined,
    replacing: { ordinal: 2, oldPodUID: 'pod-2' },
    ...given,
  });
const stuck = {
  pods: known([serverPod(0), serverPod(1), newPod(2, { waiting: 'ImagePullBackOff' })]),
  members: membersOf(member(0), member(1)),
};
const claims = (last: string) => known([claim(0), claim(1), claim(2, last)]);

describe('a target is taken back', () => {
  const revert = (facts: object, more: object = {}) =>
    decideMidway({
      spec: { version: '2.5.5' },
      upgrade: first(),
      observation: { ...stuck, claims: claims('2.5.5'), ...facts },
      ...more,
    }).status;

  it('while nothing of it has started', () => {
    expect(revert({}).upgrade).to.include({ targetVersion: '2.5.5', phase: 'Replacing' });
  });

  it('not when the stamp on the volume proves that it ran, though the pod was made anew', () => {
    const status = revert({ claims: claims('2.5.6') });
    expect(status.lastErrorReason).to.equal('DowngradeBlocked');
    expect(status.upgrade).to.include({ targetVersion: '2.5.6', targetStarted: true });
  });

  it('not when its image was rewritten at admission', () => {
    const pod = newPod(2, { image: 'mirror.example/openbao@sha256:1' });
    const pods = known([serverPod(0), serverPod(1), pod]);
    expect(revert({ pods }).upgrade).to.include({ targetVersion: '2.5.6', targetStarted: true });
  });

  for (const field of ['claims', 'pods', 'statefulSet'] as const) {
    it(`not while the ${field} cannot be read, which is not held against it for ever`, () => {
      const { upgrade: after } = revert({ [field]: unknown('timed out') });
      expect(after?.targetVersion).to.equal('2.5.6');
      expect(after?.targetStarted).to.equal(undefined);
      expect(after?.waitingFor).to.contain('it is unknown whether 2.5.6 has run');
    });
  }

  it('not after a pause in which it ran', () => {
    const { status } = decideMidway({
      spec: { paused: true },
      upgrade: first(),
      observation: {
        pods: known([serverPod(0), serverPod(1), newPod(2)]),
        members: membersOf(member(0), member(1), newMember(2)),
      },
    });
    expect(status.upgrade?.targetStarted).to.equal(true);
  });
});

describe('a restart that has touched nothing', () => {
  const restart = upgrade({
    phase: 'PreChecks',
    currentPartition: undefined,
    completedPods: undefined,
    targetVersion: '2.5.5',
    targetImage: 'openbao/openbao:2.5.5',
    restartAt: '2026-01-02T03:00:00Z',
  });

  it('is dropped when it is withdrawn', () => {
    const { status } = decideMidway({ spec: { version: '2.5.5' }, upgrade: restart });
    expect(status.upgrade).to.equal(undefined);
  });

  it('goes on when it is not', () => {
    const maintenance = { restartAt: '2026-01-02T03:00:00Z' };
    const { status } = decideMidway({ spec: { version: '2.5.5', maintenance }, upgrade: restart });
    expect(status.upgrade?.restartAt).to.equal(maintenance.restartAt);
  });
});

describe('a target whose image holds another version', () => {
  const wrong = first({
    phase: 'CatchingUp',
    held: true,
    catchUp: [{ ordinal: 2, podUID: 'new-2' }],
    referenceIndex: 100,
  });
  const mended = { image: 'mirror.example/openbao:2.5.6' };
  const status = { lastErrorReason: 'VersionMismatch', lastErrorMessage: 'no' };
  const facts = {
    pods: known([serverPod(0), serverPod(1), newPod(2)]),
    members: membersOf(member(0), member(1), newMember(2, { version: '2.5.5' })),
    jobs: known([
      observedJob(
        jobName('prod', { action: 'version-check', operationId: 'op00000002' }),
        'succeeded',
        'OpenBao v2.5.6, built 2026-01-01T00:00:00Z',
      ),
    ]),
  };
  const correct = (more: object = {}, given: RollingUpgrade = wrong) =>
    decideMidway({
      spec: mended,
      status,
      upgrade: given,
      observation: { statefulSet: rollingSet(2), ...facts, ...more },
      context: { newOperationId: 'op00000002' },
    });

  it('holds, and goes on with a corrected image though its pod is Ready', () => {
    const next = correct().status;
    expect(next.upgrade).to.include({ phase: 'Replacing', targetImage: mended.image });
    expect(next.upgrade?.held).to.equal(undefined);
    expect(next.lastErrorReason).to.equal(undefined);
  });

  it('is not corrected over a leader, which steps down first', () => {
    const leads = {
      members: membersOf(
        member(0, { leader: 'prod-2' }),
        member(1, { leader: 'prod-2' }),
        newMember(2, { leader: 'prod-2', standby: false, version: '2.5.5' }),
      ),
      raft: known(raftOf(['prod-0', 'prod-1', 'prod-2'], { leader: 'prod-2' })),
    };
    const { status: after } = correct(leads);
    expect(after.upgrade).to.include({ phase: 'SteppingDown', targetImage: 'openbao/openbao:2.5.6' });
    expect(after.upgrade?.stepDown?.pod).to.equal('prod-2');
  });

  it('leaves a pod of the right version alone', () => {
    const right = membersOf(member(0), member(1), newMember(2));
    expect(correct({ members: right }).status.upgrade?.targetImage).to.equal('openbao/openbao:2.5.6');
  });
});

describe('a step-down whose Job failed', () => {
  const asked = upgrade({
    phase: 'SteppingDown',
    stepDowns: 1,
    stepDown: { pod: 'prod-1', attempt: 1, askedAt: '2026-01-02T03:04:00Z' },
  });
  const name = jobName('prod', { action: 'step-down', operationId: 'op00000001', pod: 'prod-1', attempt: 1 });
  const jobs = known([observedJob(name, 'failed', 'timed out')]);

  it('is done all the same when another member leads', () => {
    const { status } = decideMidway({ upgrade: asked, observation: { jobs } });
    expect(status.upgrade?.held).to.equal(undefined);
    expect(status.upgrade).to.include({ phase: 'Replacing', currentPartition: 1 });
  });

  it('holds while the pod leads', () => {
    const members = membersOf(
      member(0, { leader: 'prod-1', standby: true }),
      member(1, { leader: 'prod-1', standby: false }),
      newMember(2, { leader: 'prod-1' }),
    );
    const raft = known(raftOf(['prod-0', 'prod-1', 'prod-2'], { leader: 'prod-1' }));
    const { status } = decideMidway({ upgrade: asked, observation: { jobs, members, raft } });
    expect(status.lastErrorReason).to.equal('StepDownFailed');
  });
});
