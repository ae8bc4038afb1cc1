import { expect } from 'chai';
import * as fc from 'fast-check';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { unknown } from '../../../src/core/model/known.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { snapshotPrerequisiteMissing } from '../../../src/core/policies/snapshot-prerequisite-missing.ts';
import { cluster, creation, reasonsOf, strategy, textOf, update } from '../../support/builders.ts';

type Spec = Partial<OpenBaoClusterSpec>;

const refused = ['SnapshotPrerequisiteMissing'];
const asks: Spec = { upgrade: { preUpgradeSnapshot: true } };
const to = (target: object): Spec => ({ backup: { target } });
const s3 = to({ provider: 's3', bucket: 'b', endpoint: 'https://s3.test' });
const blueGreen = (name: string): Spec => ({
  upgrade: { ...strategy(name).upgrade, blueGreen: { preUpgradeSnapshot: true } },
});
const rules = [snapshotPrerequisiteMissing];
const allows = (old: OpenBaoCluster, spec: Spec) => decide(rules, update(old, spec)).allowed;

describe('snapshot-prerequisite-missing', () => {
  const cases: readonly (readonly [name: string, spec: Spec, path?: string])[] = [
    ['asked for by nobody', {}],
    ['switched off', { upgrade: { preUpgradeSnapshot: false } }],
    ['asked for with an S3 store', { ...asks, ...s3 }],
    ['asked for with a claim', { ...asks, ...to({ provider: 'pvc', claimName: 'c' }) }],
    ["asked for with another operator's provider", { ...asks, ...to({ provider: 'gcs' }) }],
    ['asked for by blue-green under RollingUpdate', blueGreen('RollingUpdate')],
    ['asked for by blue-green with a store', { ...blueGreen('BlueGreen'), ...s3 }],
    ['asked for without a backup', asks, 'spec.backup.target'],
    ['asked for without a target', { ...asks, backup: { jwtAuthRole: 'r' } }, 'spec.backup.target'],
    [
      'asked for without a bucket',
      { ...asks, ...to({ provider: 's3', endpoint: 'e' }) },
      'spec.backup.target.bucket',
    ],
    [
      'asked for without an endpoint',
      { ...asks, ...to({ provider: 's3', bucket: 'b', endpoint: '' }) },
      'spec.backup.target.endpoint',
    ],
    ['asked for without a claim', { ...asks, ...to({ provider: 'pvc' }) }, 'spec.backup.target.claimName'],
    ['asked for by blue-green without a store', blueGreen('BlueGreen'), 'spec.backup.target'],
  ];
  for (const [name, spec, path] of cases) {
    it(`${path === undefined ? 'allows' : 'refuses'} a snapshot ${name}, on CREATE and on UPDATE`, () => {
      for (const request of [creation(cluster(spec)), update(cluster(), spec)]) {
        const { violations } = decide(rules, request);
        expect(violations.map((each) => [each.reason, each.path])).to.deep.equal(
          path === undefined ? [] : [[...refused, path]],
        );
      }
    });
  }

  describe('where it was asked for before and nothing names a store,', () => {
    const status = { currentVersion: '2.5.5', image: 'a/b:2.5.5' };
    const old = cluster(asks, status);
    const pending = cluster({ ...asks, version: '2.5.6', image: 'a/b:2.5.6' }, status);
    const allowed: readonly (readonly [name: string, old: OpenBaoCluster, spec: Spec])[] = [
      ['a pause', old, { paused: true }],
      ['the snapshot switched off', old, { upgrade: {} }],
      ['the store', old, s3],
      ['a new version with the store', old, { version: '2.5.6', ...s3 }],
      ['a version taken back', pending, { version: '2.5.5' }],
      ['a version taken back with a v', pending, { version: 'v2.5.5', image: 'a/b:2.5.5' }],
      ['an image taken back', cluster({ ...asks, image: 'x/y:2.5.5' }, status), { image: 'a/b:2.5.5' }],
      ['an image left out', cluster({ ...asks, image: 'x/y:2.5.5' }, status), { image: '' }],
      ['the acknowledgement of an incident', old, { breakGlassAck: 'n' }],
    ];
    for (const [name, stored, spec] of allowed)
      it(`lets ${name} through`, () => expect(allows(stored, spec)).to.equal(true));

    const denied: readonly (readonly [name: string, old: OpenBaoCluster, spec: Spec])[] = [
      ['a new version', old, { version: '2.5.6' }],
      ['a new version where nobody knows what runs', cluster(asks), { version: '2.5.6' }],
      ['a new image', old, { image: 'x/y:2.5.5' }],
      ['another field that asks', old, blueGreen('BlueGreen')],
      ['half a store', old, to({ provider: 'pvc' })],
    ];
    for (const [name, stored, spec] of denied)
      it(`refuses ${name}`, () => expect(allows(stored, spec)).to.equal(false));

    it('warns of it', () => {
      expect(decide(rules, update(old, { paused: true })).warnings).to.have.length(1);
    });
  });

  it('refuses to take the store away', () => {
    expect(allows(cluster({ ...asks, ...s3 }), { backup: {} })).to.equal(false);
    expect(allows(cluster(s3), { backup: {} })).to.equal(true);
  });

  it('refuses a strategy under which another field asks', () => {
    expect(allows(cluster(blueGreen('RollingUpdate')), blueGreen('BlueGreen'))).to.equal(false);
  });

  it('is at rest about a store that is only written in another order', () => {
    const old = cluster({ ...asks, ...to({ provider: 'pvc', region: 'x' }) });
    expect(allows(old, { paused: true, ...to({ region: 'x', provider: 'pvc' }) })).to.equal(true);
  });

  it('says who asks, what is missing, and the two ways out', () => {
    expect(textOf(snapshotPrerequisiteMissing.evaluate(creation(cluster(asks))))).to.equal(
      'spec.upgrade.preUpgradeSnapshot is true, but spec.backup.target is missing\n' +
        'set spec.backup.target: provider s3 with bucket and endpoint, or provider pvc with claimName, or set spec.upgrade.preUpgradeSnapshot to false',
    );
  });

  it('refuses nothing but what it guards, whatever is stored and unknown', () => {
    const stored = fc.constantFrom<Spec[]>({}, asks, { ...asks, ...s3 }, blueGreen('BlueGreen'));
    const harmless = fc.record(
      { paused: fc.boolean(), breakGlassAck: fc.string(), replicas: fc.integer({ min: 1, max: 9 }) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(stored, harmless, (spec, edit) => {
        const given = { volumes: unknown('why'), pods: unknown('why') };
        expect(decide(rules, update(cluster(spec), edit, given)).allowed).to.equal(true);
      }),
    );
  });

  it('names one thing at a time', () => {
    expect(
      reasonsOf(snapshotPrerequisiteMissing, creation(cluster({ ...asks, ...to({ provider: 's3' }) }))),
    ).to.deep.equal(refused);
  });
});
