import { expect } from 'chai';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { sealUnsupported } from '../../../src/core/policies/seal-unsupported.ts';
import { cluster, creation, update } from '../../support/builders.ts';

type Unseal = NonNullable<OpenBaoClusterSpec['unseal']>;

const plugin: NonNullable<Unseal['plugin']> = {
  command: 'bao-kms',
  directory: '/opt/plugins',
  version: 'v0.1.0',
  sha256sum: 'a'.repeat(64),
};

/** What the rule says of an upgrade of 2.5.5: `refused`, `warns` or nothing. */
function upgraded(unseal: Unseal | undefined, version: string): string {
  const spec = unseal === undefined ? {} : { unseal };
  const { allowed, warnings } = decide([sealUnsupported], update(cluster(spec), { version }));
  return allowed ? (warnings.length > 0 ? 'warns' : '') : 'refused';
}

describe('seal-unsupported', () => {
  const versions = ['2.5.6', '2.6.2', '2.7.0-dev', '2.7.0', '3.0.0'];
  const moved = ['', 'warns', 'refused', 'refused', 'refused'];
  const all = ['', '', '', '', ''];
  for (const [title, unseal, outcomes] of [
    ['static, which is what no type means', undefined, all],
    ['transit', { type: 'transit' }, all],
    ['kmip', { type: 'kmip' }, all],
    ['awskms', { type: 'awskms' }, moved],
    ['gcpckms', { type: 'gcpckms' }, moved],
    ['azurekeyvault', { type: 'azurekeyvault' }, moved],
    ['ocikms', { type: 'ocikms' }, moved],
    ['pkcs11, whose build it cannot see', { type: 'pkcs11' }, ['warns', 'warns', ...moved.slice(2)]],
    ['awskms with its plugin', { type: 'awskms', plugin }, all],
    ['pkcs11 with its plugin', { type: 'pkcs11', plugin }, all],
    ['another plugin', { type: 'kms', kms: { name: 'ovhcloud' }, plugin }, ['refused', '', '', '', '']],
    ['a type of another operator', { type: 'alicloudkms' as 'awskms' }, all],
  ] as const satisfies readonly (readonly [string, Unseal | undefined, readonly string[]])[]) {
    it(`judges by version: ${title}`, () => {
      expect(versions.map((version) => upgraded(unseal, version))).to.deep.equal(outcomes);
    });
  }

  it('refuses a new cluster, and the seal of a plugin before there are plugins', () => {
    const object = cluster({ version: '2.7.0', unseal: { type: 'awskms' } });
    expect(decide([sealUnsupported], creation(object)).violations[0]?.path).to.equal('spec.unseal.type');
    const old = cluster({ version: '2.5.5' });
    const unseal: Unseal = { type: 'kms', kms: { name: 'ovhcloud' }, plugin };
    expect(decide([sealUnsupported], update(old, { unseal })).violations[0]?.message).to.equal(
      'OpenBao 2.5.5 cannot open the seal ovhcloud: KMS plugins exist from 2.6.0 on',
    );
  });

  it('refuses that the plugin is taken away, and only warns of what was stored before', () => {
    const stored = cluster({ version: '2.7.0', unseal: { type: 'awskms', plugin } });
    expect(decide([sealUnsupported], update(stored, { unseal: { type: 'awskms' } })).allowed).to.equal(false);
    const without = cluster({ version: '2.7.0', unseal: { type: 'awskms' } });
    const decision = decide([sealUnsupported], update(without, { paused: true }));
    expect(decision.allowed).to.equal(true);
    expect(decision.warnings).to.have.length(1);
  });

  it('lets the credentials of a seal be mended that was stored before', () => {
    const stored = cluster({ version: '2.7.0', unseal: { type: 'awskms', awskms: { kmsKeyId: 'a' } } });
    for (const change of [
      { credentialsSecretRef: { name: 'prod-seal' } },
      { serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn' } },
      { awskms: { kmsKeyId: 'a', region: 'eu-central-1' } },
    ]) {
      const unseal: Unseal = { ...stored.spec.unseal, ...change };
      const { allowed, warnings } = decide([sealUnsupported], update(stored, { unseal }));
      expect(allowed, JSON.stringify(change)).to.equal(true);
      expect(warnings).to.have.length(1);
    }
  });

  it('knows a plugin as the reference operator declares it', () => {
    const judged = (...plugins: readonly object[]) => {
      const spec = { unseal: { type: 'awskms' }, plugins } as object;
      return decide([sealUnsupported], update(cluster(spec), { version: '2.7.0' })).allowed;
    };
    expect(judged({ type: 'kms', name: 'awskms' })).to.equal(true);
    expect(judged()).to.equal(false);
    expect(judged({ type: 'secret', name: 'awskms' }, { type: 'kms', name: 'other' })).to.equal(false);
  });

  it('leaves what is no version to invalid-version', () => {
    expect(upgraded({ type: 'awskms' }, 'x')).to.equal('');
  });

  it('says why, and the ways that are open', () => {
    const old = cluster({ unseal: { type: 'awskms' } });
    expect(sealUnsupported.evaluate(update(old, { version: '2.7.0' }))).to.deep.equal([
      {
        kind: 'violation',
        reason: 'SealUnsupported',
        path: 'spec.version',
        message:
          'OpenBao 2.7.0 cannot open the seal awskms: from 2.7.0 on only a KMS plugin has it, and spec.unseal.plugin is not set',
        remedy:
          'set spec.unseal.plugin to the plugin awskms, in this change or before it (OpenBao before 2.7.0 starts with it too); or keep spec.version below 2.7.0',
      },
    ]);
  });
});
