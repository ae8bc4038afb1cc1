import { expect } from 'chai';
import type { RollingUpgrade } from '../../../../src/api/openbaocluster.ts';
import { lastError } from '../../../../src/core/model/last-error.ts';
import { known } from '../../../../src/core/model/known.ts';
import { raftOf } from '../../../support/observation.ts';
import { at, decideMidway, rollingSet, upgrade } from './rolling-observation.ts';

const retry = `kubectl patch openbaocluster prod -n bao --type merge -p '{"spec":{"upgrade":{"requests":{"retry":"'"$(date -u +%FT%TZ)"'"}}}}'`;
const late = { phaseStartedAt: at(-700), deadline: at(-1) } as const;

const messageOf = (given: Parameters<typeof upgrade>[0]) => {
  // Locking waits for a partition that nobody has applied.
  const observation = given?.phase === 'Locking' ? { statefulSet: rollingSet(2) } : {};
  const { status } = decideMidway({ upgrade: upgrade({ ...late, ...given }), observation });
  expect(status.upgrade?.held).to.equal(true);
  return status.lastErrorMessage ?? '';
};

describe('the message of an upgrade that holds', () => {
  it('has its parts in lastErrorDetails, which go with it', () => {
    const overdue = upgrade({ ...late, phase: 'Replacing', currentPartition: 1 });
    const { lastErrorDetails } = decideMidway({ upgrade: overdue }).status;
    expect(lastErrorDetails?.message).to.match(/^phase Replacing .* prod-1/);
    expect(lastErrorDetails?.commands).to.deep.equal([{ purpose: 'then', line: retry }]);
    const retried = decideMidway({
      spec: { upgrade: { requests: { retry: 'once more' } } },
      upgrade: { ...overdue, held: true },
      status: { ...lastError('PodNotReady', { message: 'late' }) },
    });
    expect(retried.status).to.not.have.any.keys('lastErrorReason', 'lastErrorMessage', 'lastErrorDetails');
  });

  it('ends with the retry and nothing else, so that it can be copied', () => {
    expect(messageOf({ phase: 'Replacing', currentPartition: 1 }).endsWith(`; then: ${retry}`)).to.equal(
      true,
    );
  });

  for (const [phase, given, commands] of [
    [
      'Replacing',
      { currentPartition: 1, replacing: { ordinal: 1 } },
      ['describe pod prod-1 -n bao', 'logs prod-1 -n bao -c openbao --previous'],
    ],
    [
      'CatchingUp',
      { catchUp: [{ ordinal: 2, podUID: 'other', index: 9, deadline: at(-1) }], completedPods: [] },
      ['describe pod prod-2 -n bao', 'logs prod-2 -n bao -c openbao --previous'],
    ],
    ['Locking', { currentPartition: 3, completedPods: [] }, ['describe statefulset prod -n bao']],
    ['Finalizing', { currentPartition: 0 }, ['describe statefulset prod -n bao']],
  ] satisfies readonly (readonly [RollingUpgrade['phase'], RollingUpgrade, readonly string[]])[]) {
    it(`says where to look when ${phase} took too long`, () => {
      const message = messageOf({ phase, ...given });
      for (const command of commands) expect(message).to.contain(`kubectl ${command}`);
    });
  }

  it('says that spec does not help any more once a pod is done, and only then', () => {
    const words =
      'The image and the pod template cannot change until the upgrade has ended: fix the cause outside the spec (registry, node, quota), then retry';
    const replacing = { phase: 'Replacing', currentPartition: 1 } as const;
    expect(messageOf({ ...replacing, completedPods: [2] })).to.contain(words);
    expect(messageOf({ ...replacing, completedPods: [] })).to.not.contain(
      'cannot change until the upgrade has ended',
    );
  });

  it('has the whole command that removes a stranger from Raft', () => {
    const { status } = decideMidway({
      upgrade: upgrade({ phase: 'PreChecks', currentPartition: undefined, completedPods: [] }),
      observation: { raft: known(raftOf(['prod-0', 'prod-1', 'prod-2', 'stranger'])) },
    });
    expect(status.lastErrorReason).to.equal('MembershipMismatch');
    expect(status.lastErrorMessage).to.contain(
      'kubectl exec -n bao prod-0 -c openbao -- env BAO_TOKEN=… bao operator raft remove-peer stranger; then: kubectl patch',
    );
  });
});

describe('a target that a rule forbids', () => {
  const held = (given: Parameters<typeof upgrade>[0], version: string, lastErrorReason = 'PolicyViolation') =>
    decideMidway({
      spec: { version },
      upgrade: upgrade({ held: true, ...given }),
      status: { lastErrorReason, lastErrorMessage: 'forbidden' },
    });

  it('holds no more once spec is back at the one under way', () => {
    const { status } = held({ targetStarted: true }, '2.5.6');
    expect(status.upgrade?.held).to.equal(undefined);
  });

  it('is not tried again and again while spec asks for it and nothing was touched', () => {
    const untouched: RollingUpgrade = { phase: 'PreChecks', currentPartition: 3, completedPods: [] };
    for (const reason of ['PolicyViolation', 'DowngradeBlocked']) {
      const { status, events } = held(untouched, '2.5.6', reason);
      expect(status.upgrade?.held, reason).to.equal(true);
      expect(events, reason).to.deep.equal([]);
    }
  });
});
