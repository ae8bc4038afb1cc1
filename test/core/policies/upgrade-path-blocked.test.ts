import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { upgradePathBlocked } from '../../../src/core/policies/upgrade-path-blocked.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, strategy, update } from '../../support/builders.ts';

const refused = ['UpgradePathBlocked'];
const running = (status: OpenBaoClusterStatus, name = 'BlueGreen') => cluster(strategy(name), status);

describe('upgrade-path-blocked', () => {
  const cases: readonly {
    readonly name: string;
    readonly status: OpenBaoClusterStatus;
    readonly by?: string;
    readonly wanted: string;
    readonly reasons: readonly string[];
  }[] = [
    {
      name: 'refuses a known bad way',
      status: { currentVersion: '2.5.5' },
      wanted: '2.6.0',
      reasons: refused,
    },
    {
      name: 'refuses it from a version with a v',
      status: { currentVersion: 'v2.5.5' },
      wanted: 'v2.6.0',
      reasons: refused,
    },
    {
      name: 'allows it by the other strategy',
      status: { currentVersion: '2.5.5' },
      by: 'RollingUpdate',
      wanted: '2.6.0',
      reasons: [],
    },
    { name: 'allows another way', status: { currentVersion: '2.5.5' }, wanted: '2.5.6', reasons: [] },
    {
      name: 'goes by what runs, not by what spec says',
      status: { currentVersion: '2.6.0' },
      wanted: '2.6.1',
      reasons: [],
    },
    { name: 'allows any before the first start', status: {}, wanted: '2.6.0', reasons: [] },
    {
      name: 'refuses where it is not known what runs',
      status: { initialized: true },
      wanted: '2.6.0',
      reasons: refused,
    },
    {
      name: 'allows that by a strategy without known bad ways',
      status: { initialized: true },
      by: 'RollingUpdate',
      wanted: '2.6.0',
      reasons: [],
    },
    {
      name: 'leaves what is no version to invalid-version',
      status: { currentVersion: '2.5.5' },
      wanted: 'x',
      reasons: [],
    },
    {
      name: 'leaves a current version that is none to downgrade-blocked',
      status: { currentVersion: 'x' },
      wanted: '2.6.0',
      reasons: [],
    },
  ];
  for (const { name, status, by, wanted, reasons } of cases) {
    it(name, () => {
      const request = update(running(status, by), { version: wanted });
      expect(reasonsOf(upgradePathBlocked, request)).to.deep.equal(reasons);
      expect(decide([upgradePathBlocked], request).allowed).to.equal(reasons.length === 0);
    });
  }

  it('allows a CREATE, whatever status is sent with it', () => {
    const object = cluster({ version: '2.6.0', ...strategy('BlueGreen') }, { currentVersion: '2.5.5' });
    expect(reasonsOf(upgradePathBlocked, creation(object))).to.deep.equal([]);
  });

  it('refuses a change of strategy under a version that waits', () => {
    const old = cluster({ version: '2.6.0' }, { currentVersion: '2.5.5' });
    expect(decide([upgradePathBlocked], update(old, strategy('BlueGreen'))).allowed).to.equal(false);
    const unread = cluster({ version: '2.6.0' }, { initialized: true });
    expect(decide([upgradePathBlocked], update(unread, strategy('BlueGreen'))).allowed).to.equal(true);
  });

  it('only warns of what was stored before', () => {
    const old = cluster({ version: '2.6.0', ...strategy('BlueGreen') }, { currentVersion: '2.5.5' });
    const decision = decide([upgradePathBlocked], update(old, { paused: true }));
    expect(decision.allowed).to.equal(true);
    expect(decision.warnings).to.have.length(1);
    const unread = cluster({ version: '2.6.0', ...strategy('BlueGreen') }, { initialized: true });
    expect(decide([upgradePathBlocked], update(unread, { paused: true })).warnings).to.deep.equal([]);
  });

  it('says why, and the way that is open', () => {
    expect(
      upgradePathBlocked.evaluate(update(running({ currentVersion: '2.5.5' }), { version: '2.6.0' })),
    ).to.deep.equal([
      {
        kind: 'violation',
        reason: 'UpgradePathBlocked',
        path: 'spec.version',
        message:
          'BlueGreen from 2.5.5 to 2.6.0 cannot succeed: members before 2.6 and members from 2.6 on cannot exchange their health (an internal service was renamed), so the green pods would never be promoted',
        remedy:
          'leave spec.version at 2.5.5, set spec.upgrade.strategy to RollingUpdate in a separate change, then change spec.version; or restore a snapshot into a new cluster of 2.6.0',
      },
    ]);
  });
});
