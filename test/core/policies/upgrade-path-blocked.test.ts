import { expect } from 'chai';
import { known } from '../../../src/core/model/known.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { upgradePathBlocked, upgradePathDriven } from '../../../src/core/policies/upgrade-path-blocked.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, strategy, textOf, update, volume } from '../../support/builders.ts';

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
      status: { currentVersion: '2.1.1' },
      wanted: '2.4.4',
      reasons: refused,
    },
    {
      name: 'refuses it from a version with a v',
      status: { currentVersion: 'v2.1.1' },
      wanted: 'v2.4.4',
      reasons: refused,
    },
    {
      name: 'warns of a way that has a way of its own: green is upgraded in place',
      status: { currentVersion: '2.5.5' },
      wanted: '2.6.0',
      reasons: ['warns'],
    },
    {
      name: 'allows it by the other strategy',
      status: { currentVersion: '2.5.5' },
      by: 'RollingUpdate',
      wanted: '2.6.0',
      reasons: ['warns'],
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
      expect(decide([upgradePathBlocked], request).allowed).to.equal(!reasons.includes('UpgradePathBlocked'));
    });
  }

  describe('V6: at a CREATE', () => {
    const sealed = (type?: string) => (type === undefined ? {} : ({ unseal: { type } } as object));
    const born = (version: string, unseal?: string, name = 'RollingUpdate') =>
      creation(cluster({ version, ...strategy(name), ...sealed(unseal) }));

    for (const [version, unseal, reasons] of [
      ['2.3.2', undefined, refused],
      ['2.0.0', undefined, refused],
      ['1.15.2', undefined, refused],
      ['2.4.2', undefined, refused],
      ['2.3.0', 'awskms', refused],
      ['2.5.0', 'awskms', refused],
      ['2.5.0-beta20251125', undefined, refused],
      ['2.3.2', 'awskms', ['warns']],
      ['2.7.0', 'awskms', []],
      ['2.5.0', undefined, ['warns']],
      ['2.6.0-rc.1', undefined, ['warns']],
      ['2.6.2', undefined, []],
      ['2.5.5', 'transit', []],
      ['2.4.4', undefined, []],
    ] as const) {
      it(`says ${reasons.join() || 'nothing'} of ${version}${unseal === undefined ? '' : ` with ${unseal}`}`, () => {
        expect(reasonsOf(upgradePathBlocked, born(version, unseal))).to.deep.equal(reasons);
      });
    }

    it('takes an unseal that names no type for the static one', () => {
      for (const unseal of [null, {}, { type: '' }, { type: 7 }]) {
        const object = cluster({ version: '2.3.2', ...({ unseal } as object) });
        expect(reasonsOf(upgradePathBlocked, creation(object))).to.deep.equal(refused);
      }
    });

    it('judges the seal that a new cluster is given later, and nothing else by it', () => {
      const changed = (version: string, from: string | undefined, to: string | undefined) =>
        decide([upgradePathBlocked], update(cluster({ version, ...sealed(from) }), sealed(to)));
      expect(changed('2.5.0', undefined, 'awskms').allowed).to.equal(false);
      expect(changed('2.3.2', 'awskms', 'static').allowed).to.equal(false);
      expect(changed('2.5.0', 'awskms', 'transit').allowed).to.equal(true);
      const withdrawn = changed('2.4.2', undefined, 'transit');
      expect(withdrawn.allowed).to.equal(true);
      expect(withdrawn.warnings.join()).to.contain('withdrawn');
    });

    it('says which version to take instead', () => {
      expect(textOf(upgradePathBlocked.evaluate(born('2.4.2')))).to.equal(
        'spec.version 2.4.2 cannot be used: its maintainers have withdrawn that release\nset spec.version to 2.4.4 or 2.5.5 or 2.6.2',
      );
      expect(textOf(upgradePathBlocked.evaluate(born('2.5.0', 'awskms')))).to.contain(
        'spec.version 2.5.0 with the seal awskms cannot be used',
      );
    });

    it('goes by what the volumes carry that are there', () => {
      const over = (version: string, stamp: string) =>
        reasonsOf(upgradePathBlocked, creation(cluster({ version }), { volumes: known([volume(stamp)]) }));
      expect(over('2.5.5', '2.5.0-beta20251125')).to.deep.equal(refused);
      expect(over('2.6.0-beta20260622', '2.5.5')).to.deep.equal(refused);
      expect(over('2.5.5', '2.4.4')).to.deep.equal([]);
      expect(over('2.4.2', '2.4.2')).to.deep.equal([]);
    });
  });

  it('V6: warns of what only our own controller does not do, which that is stopped by', () => {
    const sealed = { unseal: { type: 'awskms' } } as object;
    const request = update(cluster(sealed, { currentVersion: '2.3.1' }), { version: '2.5.4' });
    expect(decide([upgradePathBlocked], request).allowed).to.equal(true);
    expect(decide([upgradePathBlocked], request).warnings.join()).to.contain(
      '2.3.1 to 2.5.4 is not driven by Rollguard: Rollguard drives no members below 2.4.0',
    );
    expect(decide([upgradePathDriven], request).violations.map(({ reason }) => reason)).to.deep.equal(
      refused,
    );
  });

  it('V6: warns of rolling from 2.5 to 2.6.2 and names 2.6.3, and only where that is asked', () => {
    const old = running({ currentVersion: '2.5.5' }, 'RollingUpdate');
    const { allowed, warnings } = decide([upgradePathBlocked], update(old, { version: '2.6.2' }));
    expect(allowed).to.equal(true);
    expect(warnings).to.deep.equal([
      'RollingUpdate from 2.5.5 to 2.6.2: while both versions run, standbys answer writes with a redirect (307), and a member that joins, or has lost its vote, gets none; set spec.version to 2.6.3; or do it in one go, and neither remove nor add a member meanwhile',
    ]);
    const waiting = cluster({ version: '2.6.2' }, { currentVersion: '2.5.5' });
    expect(decide([upgradePathBlocked], update(waiting, { paused: true })).warnings).to.deep.equal([]);
  });

  it('allows a CREATE, whatever status is sent with it', () => {
    const object = cluster({ version: '2.6.0', ...strategy('BlueGreen') }, { currentVersion: '2.5.5' });
    expect(reasonsOf(upgradePathBlocked, creation(object))).to.deep.equal([]);
  });

  it('refuses a change of strategy under a version that waits', () => {
    const old = cluster({ version: '2.4.4' }, { currentVersion: '2.1.1' });
    expect(decide([upgradePathBlocked], update(old, strategy('BlueGreen'))).allowed).to.equal(false);
    const unread = cluster({ version: '2.6.0' }, { initialized: true });
    expect(decide([upgradePathBlocked], update(unread, strategy('BlueGreen'))).allowed).to.equal(true);
  });

  it('only warns of what was stored before', () => {
    const old = cluster({ version: '2.4.4', ...strategy('BlueGreen') }, { currentVersion: '2.1.1' });
    const decision = decide([upgradePathBlocked], update(old, { paused: true }));
    expect(decision.allowed).to.equal(true);
    expect(decision.warnings).to.have.length(1);
    const unread = cluster({ version: '2.6.0', ...strategy('BlueGreen') }, { initialized: true });
    expect(decide([upgradePathBlocked], update(unread, { paused: true })).warnings).to.deep.equal([]);
  });

  it('says why, and the way that is open', () => {
    expect(
      upgradePathBlocked.evaluate(update(running({ currentVersion: '2.1.1' }), { version: '2.4.4' })),
    ).to.deep.equal([
      {
        kind: 'violation',
        reason: 'UpgradePathBlocked',
        path: 'spec.version',
        message:
          'BlueGreen from 2.1.1 to 2.4.4 cannot succeed: members can be promoted and demoted from 2.2.0 on only',
        remedy: 'leave spec.version at 2.1.1',
      },
    ]);
  });
});
