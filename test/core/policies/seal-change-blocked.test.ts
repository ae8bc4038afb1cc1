import { expect } from 'chai';
import type { OpenBaoClusterSpec, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { sealKeyId } from '../../../src/core/model/names.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { sealChangeBlocked } from '../../../src/core/policies/seal-change-blocked.ts';
import { cluster, creation, update } from '../../support/builders.ts';

type Unseal = NonNullable<OpenBaoClusterSpec['unseal']>;

const transit = (change: Partial<NonNullable<Unseal['transit']>> = {}): Unseal => ({
  type: 'transit',
  transit: { address: 'https://keys:8200', mountPath: 'transit', keyName: 'prod', ...change },
});
const kms = (config: Readonly<Record<string, string>>): Unseal => ({
  type: 'kms',
  kms: { name: 'ovhcloud', config },
});

const allowed = (
  before: Unseal | undefined,
  after: Unseal | undefined,
  status: OpenBaoClusterStatus = { initialized: true },
): boolean => {
  const stored = cluster(before === undefined ? {} : { unseal: before }, status);
  const { unseal: _, ...rest } = stored.spec;
  const object = { ...stored, spec: after === undefined ? rest : { ...rest, unseal: after } };
  return decide([sealChangeBlocked], { ...update(stored, {}), object }).allowed;
};

describe('seal-change-blocked', () => {
  const ofTransit = { initialized: true, seal: 'transit mount_path=transit key_name=prod' };

  for (const [title, before, after, outcome] of [
    ['static, written or not', undefined, { type: 'static' }, true],
    ['static to transit', undefined, transit(), false],
    ['another key of it', transit(), transit({ keyName: 'other' }), false],
    ['another mount of it', transit(), transit({ mountPath: 'other' }), false],
    ['another namespace of it', transit(), transit({ namespace: 'team' }), false],
    ['the same mount in other words', transit(), transit({ mountPath: '/transit/' }), true],
    ['another address of the same key', transit(), transit({ address: 'https://other:8200' }), true],
    [
      'another region of the same key',
      { type: 'awskms', awskms: { kmsKeyId: 'k' } },
      { type: 'awskms', awskms: { kmsKeyId: 'k', region: 'eu-west-1' } },
      true,
    ],
    [
      'another key of AWS',
      { type: 'awskms', awskms: { kmsKeyId: 'k' } },
      { type: 'awskms', awskms: { kmsKeyId: 'l' } },
      false,
    ],
    ['the same settings of a plugin', kms({ a: '1', b: '2' }), kms({ b: '2', a: '1' }), true],
    ['any setting of a plugin', kms({ a: '1' }), kms({ a: '2' }), false],
  ] as const satisfies readonly (readonly [string, Unseal | undefined, Unseal, boolean])[]) {
    it(`${outcome ? 'allows' : 'refuses'} ${title}, once there is data`, () => {
      expect(allowed(before, after)).to.equal(outcome);
      expect(allowed(before, after, {})).to.equal(true);
    });
  }

  it('goes by the seal that the data has, and lets it be put back', () => {
    expect(allowed(transit(), undefined, ofTransit)).to.equal(false);
    expect(allowed(transit({ keyName: 'wrong' }), transit(), ofTransit)).to.equal(true);
    expect(allowed(transit({ keyName: 'wrong' }), transit({ keyName: 'worse' }), ofTransit)).to.equal(false);
    const ofStatic = { initialized: true, seal: sealKeyId };
    expect(allowed(transit(), undefined, ofStatic)).to.equal(true);
    expect(allowed(transit(), transit({ keyName: 'other' }), ofStatic)).to.equal(false);
    // Where none is recorded, as beside another operator, it is the one that is stored.
    expect(allowed(transit(), undefined)).to.equal(false);
  });

  it('judges a seal of another operator by all that it says', () => {
    const foreign = (change: object) => ({ type: 'alicloudkms', alicloudkms: { kmsKeyID: 'k' }, ...change });
    const of = (change: object = {}) => foreign(change) as unknown as Unseal;
    expect(allowed(of(), of())).to.equal(true);
    expect(allowed(of(), of({ alicloudkms: { kmsKeyID: 'l' } }))).to.equal(false);
    expect(allowed(of({ alicloudkms: null }), of({ alicloudkms: null }))).to.equal(true);
    expect(allowed(null as unknown as Unseal, { type: 'static' })).to.equal(true);
  });

  it('knows the key as the reference operator names it', () => {
    const of = (type: string, name: string, settings: object) =>
      ({ type, [name]: settings }) as unknown as Unseal;
    for (const [type, name, key] of [
      ['awskms', 'awskms', 'kmsKeyID'],
      ['kmip', 'kmip', 'kmsKeyID'],
      ['ocikms', 'ocikms', 'keyID'],
      ['azurekeyvault', 'azureKeyVault', 'keyName'],
      ['gcpckms', 'gcpCloudKMS', 'cryptoKey'],
      ['kms', 'kms', 'pluginName'],
    ] as const) {
      const before = of(type, name, { [key]: 'k' });
      expect(allowed(before, of(type, name, { [key]: 'l' })), type).to.equal(false);
      if (type !== 'kms')
        expect(allowed(before, of(type, name, { [key]: 'k', endpoint: 'e' })), type).to.equal(true);
    }
  });

  it('only warns of what was stored before, and says nothing to a CREATE', () => {
    const stored = cluster({ unseal: transit({ keyName: 'wrong' }) }, ofTransit);
    const decision = decide([sealChangeBlocked], update(stored, { paused: true }));
    expect(decision.allowed).to.equal(true);
    expect(decision.warnings).to.have.length(1);
    const forged = cluster({ unseal: transit() }, { initialized: true, seal: 'other' });
    expect(decide([sealChangeBlocked], creation(forged))).to.deep.include({ allowed: true, warnings: [] });
  });

  it('says why, and the ways that are open', () => {
    const stored = cluster({ unseal: transit() }, ofTransit);
    expect(sealChangeBlocked.evaluate(update(stored, { unseal: transit({ keyName: 'x' }) }))).to.deep.equal([
      {
        kind: 'violation',
        reason: 'SealChangeBlocked',
        path: 'spec.unseal',
        message:
          'spec.unseal asks for the seal "transit mount_path=transit key_name=x", and the data of this cluster is sealed with "transit mount_path=transit key_name=prod"',
        remedy:
          'put spec.unseal back; for another seal create another OpenBaoCluster with it, and move the secrets there: a snapshot opens only with the seal it was made under',
      },
    ]);
  });

  it('says how a cluster that was created again with the wrong seal gets the right one', () => {
    const remedy = (seal: { seal?: string }) => {
      const stored = cluster({ unseal: transit() }, { initialized: true, ...seal });
      const { violations } = decide(
        [sealChangeBlocked],
        update(stored, { unseal: transit({ keyName: 'x' }) }),
      );
      return violations[0]?.remedy;
    };
    expect(remedy({})).to.contain('no member could ever open its data').and.to.contain('Retain');
    // Recorded is only what has opened it.
    expect(remedy({ seal: 'transit mount_path=transit key_name=prod' })).to.not.contain('Retain');
  });
});
