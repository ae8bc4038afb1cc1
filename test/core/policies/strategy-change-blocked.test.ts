import { expect } from 'chai';
import type { OpenBaoClusterSpec, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { unknown } from '../../../src/core/model/known.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { strategyChangeBlocked } from '../../../src/core/policies/strategy-change-blocked.ts';
import { cluster, creation, reasonsOf, strategy, textOf, update } from '../../support/builders.ts';

const refused = ['StrategyChangeBlocked'];
const current = { currentVersion: '2.5.5' };

describe('strategy-change-blocked', () => {
  const states: readonly (readonly [
    name: string,
    status: OpenBaoClusterStatus | undefined,
    said?: string,
  ])[] = [
    ['a cluster at rest', current],
    ['a cluster that nobody has reported on', undefined],
    ['a cluster at rest after a blue-green upgrade', { ...current, blueGreen: { phase: 'Idle' } }],
    ['a cluster after an incident', { ...current, breakGlass: { active: false, nonce: 'n' } }],
    ['a cluster that runs the version with a v', { currentVersion: 'v2.5.5' }],
    ['break glass', { ...current, breakGlass: { active: true, nonce: 'n' } }, 'break glass is active'],
    ...(['DeployingGreen', 'Syncing', 'Promoting', 'RollbackCleanup'] as const).map(
      (phase) =>
        [phase, { ...current, blueGreen: { phase } }, `blue-green upgrade is in phase ${phase}`] as const,
    ),
    [
      'a rolling upgrade',
      { ...current, upgrade: { targetVersion: '2.5.6' } },
      'rolling upgrade to 2.5.6 is in progress',
    ],
    ['scaling', { ...current, scaling: { target: 5 } }, 'members are being added or removed'],
    [
      'a restore',
      { ...current, operationLock: { operation: 'Restore' } },
      'the operation Restore holds status.operationLock',
    ],
    [
      'a version that waits',
      { currentVersion: '2.5.4' },
      '2.5.5 is requested and 2.5.4 is running\nset spec.version to 2.5.4 first',
    ],
    ['a cluster that runs the default image', { ...current, image: 'openbao/openbao:2.5.5' }],
    ['a cluster whose controller has a mirror', { ...current, image: 'mirror.example/bao:2.5.5' }],
    [
      'the default image that waits',
      { ...current, image: 'mirror.example/bao:2.5.5-fips' },
      'the default image of 2.5.5 is requested and mirror.example/bao:2.5.5-fips is running\nset spec.image to mirror.example/bao:2.5.5-fips first',
    ],
  ];
  for (const [name, status, said] of states) {
    it(`${said === undefined ? 'allows' : 'refuses'} a change in ${name}`, () => {
      for (const [from, to] of [
        ['RollingUpdate', 'BlueGreen'],
        ['BlueGreen', 'RollingUpdate'],
      ] as const) {
        const request = update(cluster(strategy(from), status), strategy(to));
        expect(reasonsOf(strategyChangeBlocked, request)).to.deep.equal(said === undefined ? [] : refused);
        expect(decide([strategyChangeBlocked], request).allowed).to.equal(said === undefined);
        const text = textOf(strategyChangeBlocked.evaluate(request));
        if (said !== undefined)
          expect(text).to.contain(`spec.upgrade.strategy (${from} to ${to}) cannot change`).and.contain(said);
      }
    });
  }

  const others: readonly (readonly [spec: Partial<OpenBaoClusterSpec>, fields: string | undefined])[] = [
    [{ paused: true, maintenance: { enabled: true }, breakGlassAck: 'x' }, undefined],
    [{ replicas: 3, image: '' }, undefined],
    [{ version: '2.5.6' }, 'spec.version'],
    [{ image: 'openbao/openbao:2.5.5' }, 'spec.image'],
    [{ replicas: 5 }, 'spec.replicas'],
    [{ version: '2.5.6', image: 'a/b:2.5.6', replicas: 5 }, 'spec.version, spec.image, spec.replicas'],
  ];
  for (const [spec, fields] of others) {
    it(`${fields === undefined ? 'allows' : 'refuses'} it together with ${JSON.stringify(spec)}`, () => {
      const request = update(cluster({}, current), { ...spec, ...strategy('BlueGreen') });
      const findings = strategyChangeBlocked.evaluate(request);
      if (fields === undefined) expect(findings).to.deep.equal([]);
      else
        expect(textOf(findings)).to.equal(
          `spec.upgrade.strategy (RollingUpdate to BlueGreen) cannot change together with ${fields}\napply spec.upgrade.strategy alone first, then ${fields}`,
        );
    });
  }

  it('refuses a change while another image of the same version waits', () => {
    const status = { ...current, image: 'a/b:2.5.5' };
    const waits = update(cluster({ image: 'c/d:2.5.5' }, status), strategy('BlueGreen'));
    expect(textOf(strategyChangeBlocked.evaluate(waits))).to.contain(
      'while c/d:2.5.5 is requested and a/b:2.5.5 is running\nset spec.image to a/b:2.5.5 first',
    );
    const runs = update(cluster({ image: 'a/b:2.5.5' }, status), strategy('BlueGreen'));
    expect(strategyChangeBlocked.evaluate(runs)).to.deep.equal([]);
  });

  it('says both where both are wrong', () => {
    const old = cluster({}, { ...current, upgrade: {} });
    const request = update(old, { version: '2.5.6', ...strategy('BlueGreen') });
    expect(reasonsOf(strategyChangeBlocked, request)).to.deep.equal([...refused, ...refused]);
  });

  it('takes the default written down, or left out, for no change', () => {
    const busy = { ...current, upgrade: {} };
    for (const [from, to] of [
      [{}, strategy('RollingUpdate')],
      [strategy('RollingUpdate'), { upgrade: {} }],
      [strategy('BlueGreen'), { ...strategy('BlueGreen'), version: '2.5.6' }],
    ])
      expect(reasonsOf(strategyChangeBlocked, update(cluster(from, busy), to ?? {}))).to.deep.equal([]);
  });

  it('allows any on CREATE, whatever status is sent with it', () => {
    const object = cluster(strategy('BlueGreen'), { ...current, upgrade: {} });
    expect(reasonsOf(strategyChangeBlocked, creation(object))).to.deep.equal([]);
  });

  it('refuses nothing for what could not be read', () => {
    const given = { volumes: unknown('why'), pods: unknown('why') };
    const request = update(cluster({}, current), strategy('BlueGreen'), given);
    expect(decide([strategyChangeBlocked], request).allowed).to.equal(true);
  });
});
