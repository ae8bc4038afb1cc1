import { expect } from 'chai';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import type { SealableNamespace } from '../../../src/core/model/observation.ts';
import {
  isAccepted,
  keyRemedy,
  keyRisk,
  knowsSealables,
  needsSealables,
} from '../../../src/core/upgrade/namespace-keys.ts';
import { settledCluster } from '../../support/observation.ts';

type Holders = Readonly<Record<string, boolean | string>>;

/** `true` holds the keys, `false` does not, a text is why it is not known; no entry: its server does not run. */
const namespace = (path: string, holders: Holders): SealableNamespace => ({
  path,
  unsealed: new Map<string, Known<boolean>>(
    Object.entries(holders).map(([name, each]) => [
      name,
      typeof each === 'string' ? unknown(each) : known(each),
    ]),
  ),
});

const risk = (holders: Holders, stop: Partial<Parameters<typeof keyRisk>[1]> = {}) =>
  keyRisk({ sealables: known([namespace('team', holders)]) }, { ...rolling, ...stop });

/** prod-2 is to be stopped, prod-0 leads. */
const rolling = {
  stopping: ['prod-2'],
  staying: ['prod-0', 'prod-1'],
  leader: 'prod-0',
  fromVersion: '2.6.2',
};

describe('the keys of sealable namespaces', () => {
  const cases: readonly (readonly [
    what: string,
    holders: Holders,
    reason: string | undefined,
    stop?: object,
  ])[] = [
    ['all have them', { 'prod-0': true, 'prod-1': true, 'prod-2': true }, undefined],
    ['who stays beside the leader has them', { 'prod-0': true, 'prod-1': true, 'prod-2': false }, undefined],
    ['nobody has them', { 'prod-0': false, 'prod-1': false, 'prod-2': false }, undefined],
    [
      'the leader alone would have them',
      { 'prod-0': true, 'prod-1': false, 'prod-2': true },
      'NamespacesWouldSeal',
    ],
    [
      'the leader alone has them',
      { 'prod-0': true, 'prod-1': false, 'prod-2': false },
      'NamespacesWouldSeal',
    ],
    [
      'the old leader alone has them',
      { 'prod-0': false, 'prod-1': false, 'prod-2': true },
      'NamespacesWouldSeal',
    ],
    ['one that stays and has them does not run', { 'prod-0': true, 'prod-2': true }, 'NamespacesWouldSeal'],
    [
      'of one that stays it is not known',
      { 'prod-0': true, 'prod-1': 'no answer', 'prod-2': true },
      'NamespaceSealsUnknown',
    ],
    [
      'of the one that goes alone it is not known',
      { 'prod-0': false, 'prod-1': false, 'prod-2': 'no answer' },
      'NamespaceSealsUnknown',
    ],
    [
      'of the one that goes it is not known, and who stays has them',
      { 'prod-0': false, 'prod-1': true, 'prod-2': 'no answer' },
      undefined,
    ],
    [
      'the leader hands over, and another one has them',
      { 'prod-0': true, 'prod-1': true, 'prod-2': true },
      undefined,
      { leader: 'prod-2' },
    ],
    [
      'the leader hands over, and it alone has them',
      { 'prod-0': false, 'prod-1': false, 'prod-2': true },
      'NamespacesWouldSeal',
      { leader: 'prod-2' },
    ],
    [
      'a single member goes',
      { 'prod-0': true },
      'NamespacesWouldSeal',
      { stopping: ['prod-0'], staying: [] },
    ],
    ['a single member has none', { 'prod-0': false }, undefined, { stopping: ['prod-0'], staying: [] }],
    [
      'blue goes, and a green half of one has them',
      { 'prod-0': true, 'prod-green-0': true },
      undefined,
      { stopping: ['prod-0'], staying: ['prod-green-0'], leader: 'prod-green-0' },
    ],
    [
      'one stays of whom it is not known, and there were none before',
      { 'prod-0': true, 'prod-1': 'no answer', 'prod-2': true },
      undefined,
      { fromVersion: '2.5.5' },
    ],
  ];
  for (const [what, holders, reason, stop] of cases) {
    it(`${reason === undefined ? 'are safe' : `are ${reason}`} where ${what}`, () => {
      expect(risk(holders, stop)?.reason).to.equal(reason);
    });
  }

  it('are named with who holds them and who does not', () => {
    const sealables = known([
      namespace('a', { 'prod-0': true, 'prod-1': false, 'prod-2': true }),
      namespace('safe', { 'prod-0': true, 'prod-1': true }),
      namespace('b/c', { 'prod-0': true, 'prod-1': false }),
    ]);
    expect(keyRisk({ sealables }, rolling)?.message).to.equal(
      'without prod-2 the last keys of the sealable namespaces a, b/c could be lost: unsealed on prod-0 (leader), prod-2, and sealed on prod-1',
    );
    expect(risk({ 'prod-0': true }, { stopping: ['prod-0'], staying: [] })?.message).to.equal(
      'without prod-0 the last keys of the sealable namespace team could be lost: unsealed on prod-0 (leader), and there is no other member',
    );
    const many = Array.from({ length: 11 }, (_, each) => namespace(`n${each}`, { 'prod-0': true }));
    expect(keyRisk({ sealables: known(many) }, rolling)?.message).to.include('n6, n7 and 3 more could');
  });

  it('are unknown where nobody can read them, unless there were none before', () => {
    const unread = { sealables: unknown('prod-0: 403') };
    expect(keyRisk(unread, rolling)).to.deep.equal({
      reason: 'NamespaceSealsUnknown',
      message:
        'which members hold the keys of sealable namespaces could not be read, and the last ones may go with the next pod: prod-0: 403',
    });
    expect(keyRisk({}, rolling)?.reason).to.equal('NamespaceSealsUnknown');
    expect(keyRisk(unread, { ...rolling, fromVersion: '2.5.5' })).to.equal(undefined);
    expect(keyRisk(unread, { ...rolling, fromVersion: undefined })?.reason).to.equal('NamespaceSealsUnknown');
  });

  it('are known from 2.6 on, its prereleases included, and to what is no version', () => {
    const versions = ['2.4.4', '2.5.5', '2.6.0-beta20260622', '2.6.2', '2.7.0-dev', '3.0.0', 'custom'];
    expect(versions.filter(knowsSealables)).to.deep.equal(versions.slice(2));
  });

  it('are read while something may stop members', () => {
    expect(needsSealables(settledCluster())).to.equal(false);
    expect(needsSealables({ status: { upgrade: { phase: 'PreChecks' } } })).to.equal(true);
    expect(needsSealables({ status: { scaling: {} } })).to.equal(true);
    for (const [phase, isNeeded] of [
      ['Syncing', false],
      ['DemotingBlue', true],
      ['Cleanup', true],
    ] as const) {
      expect(needsSealables({ status: { blueGreen: { phase } } }), phase).to.equal(isNeeded);
    }
  });

  it('may go in maintenance, but are waited for a minute first', () => {
    const since = '2026-01-02T03:04:00Z';
    const at = Date.parse(since);
    const maintained = settledCluster({ maintenance: { enabled: true } });
    expect(isAccepted(settledCluster(), undefined, at)).to.equal(false);
    expect(isAccepted(maintained, since, at + 59_999)).to.equal(false);
    expect(isAccepted(maintained, since, at + 60_000)).to.equal(true);
    expect(isAccepted(maintained, undefined, at)).to.equal(true);
  });

  it('have a remedy that names the right and the way on', () => {
    const { remedy = '', commands = [] } = keyRemedy(settledCluster(), 'NamespaceSealsUnknown') ?? {};
    expect(remedy).to.include('policy rollguard-observer: path "sys/namespaces" { capabilities = ["scan"] }');
    expect(commands.map(({ line }) => line)).to.deep.equal([
      `kubectl patch openbaocluster prod -n bao --type merge -p '{"spec":{"maintenance":{"enabled":true},"upgrade":{"requests":{"retry":"'"$(date -u +%FT%TZ)"'"}}}}'`,
    ]);
    expect(keyRemedy(settledCluster(), 'PodNotReady')).to.equal(undefined);
  });
});
