import { expect } from 'chai';
import { attemptedVersionAnnotation, dataVersionAnnotation } from '../../../src/api/labels.ts';
import { defined } from '../../../src/api/object-fields.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import {
  claim,
  context,
  emptyMember,
  member,
  membersOf,
  observation,
  settledCluster,
  settledStatus,
  statefulSet,
} from '../../support/observation.ts';

/** A cluster at 2.5.5 whose StatefulSet is to be made, over these volumes. */
function born(
  claims: Known<readonly ReturnType<typeof claim>[]>,
  {
    version = '2.5.5',
    currentVersion,
    creationTimestamp,
  }: {
    readonly version?: string;
    readonly currentVersion?: string;
    readonly creationTimestamp?: string;
  } = {},
) {
  const status = currentVersion === undefined ? { replicas: 3 } : settledStatus();
  const answers = currentVersion === undefined ? emptyMember : member;
  const { metadata, ...cluster } = settledCluster({ version }, status);
  const seen = observation({
    cluster: { ...cluster, metadata: { ...metadata, ...defined({ creationTimestamp }) } },
    claims,
    members: membersOf(...[0, 1, 2].map((ordinal) => answers(ordinal))),
    drifted: known([statefulSet()]),
  });
  const decided = decideCluster(seen, context());
  return {
    applied: decided.effects.filter(({ kind }) => kind === 'apply').length,
    reason: decided.status.lastErrorReason,
    message: decided.status.lastErrorMessage,
  };
}

describe('a cluster that is created again over volumes', () => {
  it('starts nothing older than what ran on any of them, and says what to do', () => {
    const { applied, reason, message } = born(known([claim(0), claim(2, '2.6.0')]));
    expect({ applied, reason }).to.deep.equal({ applied: 0, reason: 'DowngradeBlocked' });
    expect(message).to.contain('2.6.0').and.to.contain('kubectl edit openbaocluster prod -n bao');
  });

  it('starts nothing older than a version that a pod was let at them with, which nobody saw again (L1)', () => {
    const annotations = { [dataVersionAnnotation]: '2.5.5', [attemptedVersionAnnotation]: '2.5.6' };
    const { applied, reason, message } = born(known([claim(0), claim(2, null, { annotations })]));
    expect({ applied, reason }).to.deep.equal({ applied: 0, reason: 'DowngradeBlocked' });
    expect(message)
      .to.contain('2.5.6, which may have opened the data here (a pod of it was let at volume data-prod-2)')
      .and.to.contain('kubectl annotate pvc -n bao data-prod-2 rollguard.io/attempted-version-');
  });

  // Between two looks one of its pods may have started, and be gone: nobody can know, so a person has to.
  it('starts no older one while a mistyped version stands on its own volumes, and names the whole way out (L1)', () => {
    const creationTimestamp = '2026-01-02T03:04:05Z';
    const annotations = { [dataVersionAnnotation]: '2.5.5', [attemptedVersionAnnotation]: '25.5.5' };
    const own = [0, 1, 2].map((n) => claim(n, null, { annotations, creationTimestamp }));
    const { applied, reason, message } = born(known(own), { creationTimestamp });
    expect({ applied, reason }).to.deep.equal({ applied: 0, reason: 'DowngradeBlocked' });
    expect(message).to.contain(
      'if you know that none of its pods ever started, with the verb maintenance: kubectl annotate pvc -n bao data-prod-0 data-prod-1 data-prod-2 rollguard.io/attempted-version-',
    );
    const freed = [0, 1, 2].map((n) => claim(n, '2.5.5', { creationTimestamp }));
    expect(born(known(freed), { creationTimestamp }).applied).to.equal(1);
  });

  it('starts what is as new, and what is newer', () => {
    expect(born(known([claim(0), claim(1, '2.4.4'), claim(2, null)])).applied).to.equal(1);
  });

  it('starts nothing on a volume that was there before and does not say what ran on it (P4)', () => {
    const creationTimestamp = '2026-01-02T03:04:05Z';
    const unstamped = (made: string, spec: object = { volumeName: 'v' }) => {
      const { metadata, ...rest } = claim(0, null);
      return known([{ ...rest, spec, metadata: { ...metadata, creationTimestamp: made } }]);
    };
    const { applied, reason, message } = born(unstamped('2026-01-01T00:00:00Z'), { creationTimestamp });
    expect({ applied, reason }).to.deep.equal({ applied: 0, reason: 'DowngradeBlocked' });
    expect(message).to.contain(
      'kubectl annotate pvc -n bao data-prod-0 rollguard.io/openbao-version=VERSION',
    );
    for (const fresh of [unstamped('2026-01-02T03:04:06Z'), unstamped('2026-01-01T00:00:00Z', {})])
      expect(born(fresh, { creationTimestamp }).applied).to.equal(1);
  });

  it('starts nothing that the gate would have refused for its version', () => {
    expect(born(known([]), { version: 'latest' })).to.include({ applied: 0, reason: 'PolicyViolation' });
  });

  it('V6: starts nothing that Rollguard does not drive, and nothing on data that it cannot read', () => {
    for (const [version, claims] of [
      ['2.3.2', []],
      ['2.4.2', []],
      ['2.5.5', [claim(0, '2.5.0-beta20251125')]],
    ] as const) {
      const { applied, reason, message } = born(known(claims), { version });
      expect({ applied, reason }, version).to.deep.equal({ applied: 0, reason: 'PolicyViolation' });
      expect(message).to.contain(version);
    }
    expect(born(known([]), { version: '2.4.3' })).to.include({ applied: 1, reason: undefined });
  });

  it('waits while the volumes are unknown', () => {
    expect(born(unknown('not read'))).to.include({ applied: 0, reason: undefined });
  });

  it('is judged by the upgrade once its version is recorded', () => {
    expect(born(known([claim(2, '2.6.0')]), { currentVersion: '2.5.5' })).to.include({
      applied: 1,
      reason: undefined,
    });
  });
});
