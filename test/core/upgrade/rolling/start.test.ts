import { expect } from 'chai';
import type { OpenBaoClusterSpec, OpenBaoClusterStatus } from '../../../../src/api/openbaocluster.ts';
import type { Decision } from '../../../../src/core/model/decision.ts';
import type { Observation, ObservedJob } from '../../../../src/core/model/observation.ts';
import { known, unknown } from '../../../../src/core/model/known.ts';
import { decideUpgrade } from '../../../../src/core/upgrade/rolling/decide.ts';
import { claim, context, observation, observedJob, settledCluster } from '../../../support/observation.ts';
import { at } from './rolling-observation.ts';

interface Given {
  readonly spec?: Partial<OpenBaoClusterSpec>;
  readonly status?: { readonly [Key in keyof OpenBaoClusterStatus]?: OpenBaoClusterStatus[Key] | undefined };
  readonly observation?: Partial<Observation>;
}

function decide({ spec = {}, status: change = {}, observation: facts = {} }: Given): Decision {
  const { status: settled, ...cluster } = settledCluster(spec);
  const entries = Object.entries({ ...settled, ...change }).filter(([, value]) => value !== undefined);
  const status: OpenBaoClusterStatus = Object.fromEntries(entries);
  return decideUpgrade(observation({ cluster: { ...cluster, status }, ...facts }), status, context());
}

/** Starts, and decides once more about what has started. */
function decideStarted({ spec = {}, status: change = {}, observation: facts = {} }: Given): Decision {
  const { status } = decide({ spec, status: change });
  const { status: _, ...cluster } = settledCluster(spec);
  return decideUpgrade(observation({ cluster: { ...cluster, status }, ...facts }), status, context());
}

const newer = { version: '2.5.6' } as const;

describe('the start of a rolling upgrade', () => {
  it('is not made where what is asked for runs', () => {
    const decision = decide({});
    expect(decision).to.deep.include({ effects: [], events: [] });
    expect(decision.status.upgrade).to.equal(undefined);
  });

  it('takes the lock and records both targets in the same write, and touches nothing', () => {
    const { status, effects } = decide({ spec: newer });
    expect(status.upgrade).to.include({
      phase: 'PreChecks',
      fromVersion: '2.5.5',
      targetVersion: '2.5.6',
      fromImage: 'openbao/openbao:2.5.5',
      targetImage: 'openbao/openbao:2.5.6',
    });
    expect(status.operationLock).to.include({
      operation: 'Upgrade',
      operationId: status.upgrade?.operationId,
    });
    expect(effects).to.deep.equal([]);
  });

  it('is made for another image of the same version', () => {
    const { status } = decide({ spec: { image: 'registry.example/openbao:2.5.5' } });
    expect(status.upgrade).to.include({
      targetVersion: '2.5.5',
      targetImage: 'registry.example/openbao:2.5.5',
    });
  });

  it('is made once for each restartAt', () => {
    const spec = { maintenance: { restartAt: '2026-01-02T00:00:00Z' } };
    expect(decide({ spec }).status.upgrade?.restartAt).to.equal('2026-01-02T00:00:00Z');
    expect(decide({ spec, status: { lastRestartAt: '2026-01-02T00:00:00Z' } }).status.upgrade).to.equal(
      undefined,
    );
  });

  for (const [name, given] of [
    ['while paused', { spec: { ...newer, paused: true } }],
    ['in break glass', { spec: newer, status: { breakGlass: { active: true, nonce: 'n' } } }],
    ['while a member joins or leaves', { spec: newer, status: { scaling: { operationId: 's' } } }],
    ['before the leader has reported a version', { spec: newer, status: { currentVersion: undefined } }],
    ['before the cluster is initialized', { spec: newer, status: { initialized: undefined } }],
  ] as const) {
    it(`is not made ${name}`, () => {
      expect(decide(given).status.upgrade).to.equal(undefined);
    });
  }

  it('acknowledges a retry that nothing waits for, so that it never stays armed', () => {
    const { status } = decide({ spec: { upgrade: { requests: { retry: 'early' } } } });
    expect(status.upgradeRequests?.lastHandledRetry).to.equal('early');
  });

  describe('with the lock held by another operation', () => {
    const lock = (renewedAt: string) =>
      ({ operation: 'Backup', operationId: 'backup1', holder: 'openbaocluster/backup', renewedAt }) as const;

    it('waits, and says so', () => {
      const { status } = decide({ spec: newer, status: { operationLock: lock(at(-60)) } });
      expect(status.upgrade).to.equal(undefined);
      expect(status.lastErrorReason).to.equal('OperationLockHeld');
    });

    it('no longer says so when spec asks for what runs again', () => {
      const { status } = decide({
        status: {
          operationLock: lock(at(-60)),
          lastErrorReason: 'OperationLockHeld',
          lastErrorMessage: 'waits',
        },
      });
      expect(status).to.not.have.any.keys('lastErrorReason', 'lastErrorMessage');
      const other = decide({ status: { lastErrorReason: 'SelfInitRequired', lastErrorMessage: 'init' } });
      expect(other.status.lastErrorReason).to.equal('SelfInitRequired');
    });
  });
});

describe("the gate's own rules before the start", () => {
  for (const [name, given, reason, words] of [
    ['a version that is none', { spec: { version: 'latest' } }, 'PolicyViolation', 'InvalidVersion'],
    ['an older version', { spec: { version: '2.5.4' } }, 'DowngradeBlocked', 'status.currentVersion'],
    [
      'one older than a volume was written by',
      { spec: newer, observation: { claims: known([claim(0, '2.6.0')]) } },
      'DowngradeBlocked',
      'data-prod-0',
    ],
    [
      'one older than has ever led',
      { spec: newer, observation: { versionHistory: known(['2.5.5', '2.6.1']) } },
      'DowngradeBlocked',
      '2.6.1 has been the version of the leader',
    ],
    [
      'an image of another version',
      { spec: { ...newer, image: 'openbao/openbao:2.5.7' } },
      'PolicyViolation',
      'ImageVersionMismatch',
    ],
    [
      'what is no image',
      { spec: { ...newer, image: 'Openbao:::' } },
      'PolicyViolation',
      'InvalidImageReference',
    ],
    [
      'V4: an image that stays while the version changes',
      {
        spec: { ...newer, image: 'registry.example/openbao:latest' },
        status: { image: 'registry.example/openbao:latest' },
      },
      'PolicyViolation',
      'ImageVersionMismatch: spec.version is 2.5.6, but spec.image stays',
    ],
    [
      'V6: a way that is known to be bad',
      {
        spec: { version: '2.4.4', upgrade: { strategy: 'BlueGreen' } },
        status: { currentVersion: '2.1.1', image: 'openbao/openbao:2.1.1' },
        observation: { pods: known([]), claims: known([]), versionHistory: known(['2.1.1']) },
      },
      'PolicyViolation',
      'UpgradePathBlocked: BlueGreen from 2.1.1 to 2.4.4 cannot succeed',
    ],
    [
      'V6: what the gate only warns of, for another operator may do it',
      {
        spec: { version: '2.4.4' },
        status: { currentVersion: '2.3.2', image: 'openbao/openbao:2.3.2' },
        observation: { pods: known([]), claims: known([]), versionHistory: known(['2.3.2']) },
      },
      'PolicyViolation',
      'UpgradePathBlocked: the way from 2.3.2 to 2.4.4 is not driven by Rollguard',
    ],
  ] as const) {
    it(`hold ${name}, with nothing touched and the lock given back`, () => {
      const { status, effects } = decideStarted(given);
      expect(status.lastErrorReason).to.equal(reason);
      expect(status.lastErrorMessage).to.contain(words);
      expect(status.upgrade?.held).to.equal(true);
      expect(status.operationLock).to.equal(undefined);
      expect(effects).to.deep.equal([]);
    });
  }

  it('wait while what they need cannot be read', () => {
    for (const field of ['claims', 'pods', 'versionHistory'] as const) {
      const { status, effects } = decideStarted({
        spec: newer,
        observation: { [field]: unknown('timed out') },
      });
      expect(status.upgrade?.held, field).to.equal(undefined);
      expect(status.upgrade?.waitingFor, field).to.contain('timed out');
      expect(effects, field).to.deep.equal([]);
    }
  });

  // docs/facts/openbao-2.6-measured.md, 0.9
  for (const [wanted, recorded, isHeld] of [
    ['2.7.0-rc.2', '2.7.0', false],
    ['2.7.0-rc.2', '2.7.0-rc.1', false],
    ['2.7.0-rc.2', '2.7.0-rc.3', true],
    ['2.7.0-rc.2', '2.7.1', true],
    ['2.7.0-rc.2', 'x', true],
  ] as const) {
    it(`0.9: ${isHeld ? 'hold' : 'let pass'} 2.7.0-rc.1 to ${wanted} where the history has ${recorded}`, () => {
      const spec = { version: wanted };
      const status = { currentVersion: '2.7.0-rc.1', image: 'openbao/openbao:2.7.0-rc.1' };
      const { upgrade, operationLock } = decide({ spec, status }).status;
      const { status: settled, ...cluster } = settledCluster(spec);
      const stored = { ...settled, ...status, upgrade, operationLock } as OpenBaoClusterStatus;
      const seen = observation({
        cluster: { ...cluster, status: stored },
        claims: known([claim(0, '2.7.0-rc.1')]),
        versionHistory: known(['2.6.2', recorded]),
      });
      const decided = decideUpgrade(seen, stored, context()).status;
      expect(decided.upgrade?.held ?? false).to.equal(isHeld);
      expect(decided.lastErrorReason).to.equal(isHeld ? 'DowngradeBlocked' : undefined);
    });
  }

  it('V6: judge once more where a strategy was changed behind the checks', () => {
    const spec = { version: '2.6.2', upgrade: { strategy: 'BlueGreen' } } as const;
    const started = decide({ spec: { version: '2.6.2' } }).status;
    const taken = { operationId: 'aaaa', fromVersion: '2.1.1', fromImage: 'openbao/openbao:2.1.1' };
    const upgrade = { ...started.upgrade, ...taken, phase: 'Snapshot' } as const;
    const { status: _, ...cluster } = settledCluster(spec);
    const operationLock = { ...started.operationLock, operationId: 'aaaa' };
    const status = { ...started, currentVersion: '2.1.1', upgrade, operationLock };
    const decided = (jobs: readonly ObservedJob[]) =>
      decideUpgrade(observation({ cluster: { ...cluster, status }, jobs: known(jobs) }), status, context());
    const [create] = decided([]).effects;
    const job = create?.kind === 'create' ? (create.object.metadata?.name ?? '') : '';
    const report = JSON.stringify({
      outcome: 'done',
      reason: 'Done',
      message: 'done',
      data: { name: 'snapshot-1' },
    });
    const after = decided([observedJob(job, 'succeeded', report)]).status;
    expect(after.blueGreen).to.equal(undefined);
    expect(after.lastErrorMessage).to.contain('UpgradePathBlocked: BlueGreen from 2.1.1 to 2.6.2');
  });

  it('go by the spec again as soon as it changes', () => {
    const held = decideStarted({ spec: { version: '2.5.4' } }).status;
    const { status: _, ...cluster } = settledCluster(newer);
    const { status } = decideUpgrade(observation({ cluster: { ...cluster, status: held } }), held, context());
    expect(status).not.to.have.any.keys('upgrade', 'lastErrorReason');
  });
});
