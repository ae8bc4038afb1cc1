import { expect } from 'chai';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { openBaoClusterSpec } from '../../../src/api/openbaocluster-spec.ts';
import { activeBlueGreen } from '../../../src/core/model/blue-green.ts';
import { sameValue } from '../../../src/core/model/same-value.ts';
import { known } from '../../../src/core/model/known.ts';
import { verbsNeeded } from '../../../src/core/policies/cluster-permission-required.ts';
import { clusterPolicies } from '../../../src/core/policies/index.ts';
import { decide, permissionsBy } from '../../../src/core/policies/policy.ts';
import { update } from '../../support/builders.ts';
import { changed, leaves, type Leaf } from '../../support/spec-fields.ts';
import { WatchedHalves } from '../upgrade/bluegreen/watched-halves.ts';

type BlueGreenSpec = NonNullable<NonNullable<OpenBaoClusterSpec['upgrade']>['blueGreen']>;
type Upgrade = NonNullable<OpenBaoClusterSpec['upgrade']>;

/**
 * What a change of each field does to an upgrade under way, where the caller holds no verb. `needs a verb`: a change
 * that lets it go on or turns it back is refused. `ends`: it may take the target back, and nothing more, which
 * operation-in-progress allows as long as that costs nothing. `nothing`: it goes on as it would have.
 */
const meant: Readonly<Record<string, 'needs a verb' | 'pinned' | 'ends' | 'stops' | 'nothing'>> = {
  version: 'ends',
  image: 'ends',
  replicas: 'ends',
  profile: 'nothing',
  paused: 'stops',
  breakGlassAck: 'needs a verb',
  'maintenance.enabled': 'needs a verb',
  'maintenance.restartAt': 'nothing',
  'upgrade.strategy': 'pinned',
  'upgrade.executorImage': 'needs a verb',
  'upgrade.image': 'needs a verb',
  'upgrade.jwtAuthRole': 'needs a verb',
  'upgrade.preUpgradeSnapshot': 'needs a verb',
  // It asks for no more than what spec already says.
  'upgrade.requests.retry': 'nothing',
  'upgrade.requests.promote': 'needs a verb',
  'upgrade.requests.rollback': 'needs a verb',
  'upgrade.requests.cleanup': 'needs a verb',
  'upgrade.blueGreen.autoPromote': 'needs a verb',
  'upgrade.blueGreen.autoCleanup': 'needs a verb',
  'upgrade.blueGreen.preUpgradeSnapshot': 'needs a verb',
  'upgrade.blueGreen.maxJobFailures': 'needs a verb',
  'upgrade.blueGreen.verification.minSyncDuration': 'needs a verb',
  'upgrade.blueGreen.verification.cleanupDelay': 'needs a verb',
  'upgrade.blueGreen.verification.prePromotionHook.image': 'needs a verb',
  'upgrade.blueGreen.verification.prePromotionHook.command': 'needs a verb',
  'upgrade.blueGreen.verification.prePromotionHook.args': 'needs a verb',
  'upgrade.blueGreen.verification.prePromotionHook.timeoutSeconds': 'needs a verb',
  'upgrade.blueGreen.autoRollback.enabled': 'needs a verb',
  'upgrade.blueGreen.autoRollback.onJobFailure': 'needs a verb',
  'upgrade.blueGreen.autoRollback.onValidationFailure': 'needs a verb',
  // A snapshot has to be taken and verified wherever it goes; the verb is for what else is sent there.
  'backup.target.provider': 'nothing',
  'backup.target.endpoint': 'needs a verb',
  'backup.target.bucket': 'needs a verb',
  'backup.target.region': 'needs a verb',
  'backup.target.pathPrefix': 'nothing',
  'backup.target.usePathStyle': 'needs a verb',
  'backup.target.credentialsSecretRef.name': 'needs a verb',
  'backup.target.caSecretRef.name': 'needs a verb',
  'backup.target.claimName': 'nothing',
  'backup.jwtAuthRole': 'needs a verb',
  'selfInit.enabled': 'nothing',
  'selfInit.requests': 'needs a verb',
  // The schema pins it.
  'tls.enabled': 'nothing',
  'tls.mode': 'nothing',
  'tls.rotationPeriod': 'nothing',
  'tls.extraSANs': 'nothing',
  'unseal.type': 'pinned',
  'unseal.transit.address': 'needs a verb',
  'unseal.transit.mountPath': 'needs a verb',
  'unseal.transit.keyName': 'needs a verb',
  'unseal.transit.namespace': 'needs a verb',
  'unseal.transit.disableRenewal': 'needs a verb',
  'unseal.transit.tlsServerName': 'needs a verb',
  'unseal.transit.tlsSkipVerify': 'needs a verb',
  'unseal.awskms.kmsKeyId': 'needs a verb',
  'unseal.awskms.region': 'needs a verb',
  'unseal.awskms.endpoint': 'needs a verb',
  'unseal.gcpckms.project': 'needs a verb',
  'unseal.gcpckms.region': 'needs a verb',
  'unseal.gcpckms.keyRing': 'needs a verb',
  'unseal.gcpckms.cryptoKey': 'needs a verb',
  'unseal.azurekeyvault.vaultName': 'needs a verb',
  'unseal.azurekeyvault.keyName': 'needs a verb',
  'unseal.azurekeyvault.tenantId': 'needs a verb',
  'unseal.azurekeyvault.clientId': 'needs a verb',
  'unseal.azurekeyvault.environment': 'needs a verb',
  'unseal.azurekeyvault.resource': 'needs a verb',
  'unseal.ocikms.keyId': 'needs a verb',
  'unseal.ocikms.cryptoEndpoint': 'needs a verb',
  'unseal.ocikms.managementEndpoint': 'needs a verb',
  'unseal.ocikms.authTypeApiKey': 'needs a verb',
  'unseal.kmip.endpoint': 'needs a verb',
  'unseal.kmip.kmsKeyId': 'needs a verb',
  'unseal.kmip.serverName': 'needs a verb',
  'unseal.kmip.timeout': 'needs a verb',
  'unseal.kmip.encryptAlg': 'needs a verb',
  'unseal.kmip.tls12Ciphers': 'needs a verb',
  'unseal.pkcs11.lib': 'needs a verb',
  'unseal.pkcs11.slot': 'needs a verb',
  'unseal.pkcs11.tokenLabel': 'needs a verb',
  'unseal.pkcs11.keyLabel': 'needs a verb',
  'unseal.pkcs11.keyId': 'needs a verb',
  'unseal.pkcs11.mechanism': 'needs a verb',
  'unseal.pkcs11.rsaOaepHash': 'needs a verb',
  'unseal.pkcs11.disableSoftwareEncryption': 'needs a verb',
  'unseal.kms.name': 'needs a verb',
  'unseal.kms.config': 'needs a verb',
  'unseal.plugin.image': 'needs a verb',
  'unseal.plugin.binaryName': 'needs a verb',
  'unseal.plugin.command': 'needs a verb',
  'unseal.plugin.directory': 'needs a verb',
  'unseal.plugin.version': 'needs a verb',
  'unseal.plugin.sha256sum': 'needs a verb',
  'unseal.credentialsSecretRef.name': 'needs a verb',
  'unseal.credentialsSecretRef.keys': 'needs a verb',
  'unseal.serviceAccountAnnotations': 'needs a verb',
  'storage.size': 'nothing',
  'storage.storageClassName': 'nothing',
  'resources.requests': 'nothing',
  'resources.limits': 'nothing',
  'network.egressRules': 'nothing',
  'configuration.raft.performanceMultiplier': 'nothing',
  'configuration.raft.autopilotReconcileInterval': 'nothing',
  'configuration.raft.autopilotUpdateInterval': 'nothing',
  'configuration.raft.serverStabilizationTime': 'nothing',
  deletionPolicy: 'nothing',
};

const fields = leaves(openBaoClusterSpec);

/** Values that a person may write there; undefined leaves it out. */
function values({ path, schema }: Leaf): readonly unknown[] {
  const name = path.at(-1) ?? '';
  if (schema.enum !== undefined) return [...schema.enum, undefined];
  switch (schema.type) {
    case 'boolean':
      return [true, false, undefined];
    case 'integer':
    case 'number':
      return [schema.minimum ?? 1, schema.maximum ?? 9, undefined];
    case 'array':
      return [[], ['true'], undefined];
    case 'object':
      return [{}, { cpu: '2' }, undefined];
    case 'string':
      return texts(name);
  }
  throw new Error(`no values for ${path.join('.')}`);
}

function texts(name: string): readonly unknown[] {
  if (/Duration|Delay|Interval|Time$|Period/.test(name)) return ['0s', '1x', '99h', undefined];
  if (name === 'version') return ['2.5.5', '2.5.6', '2.5.7'];
  if (name === 'restartAt') return ['2026-12-01T00:00:00Z', undefined];
  if (name === 'image') return ['evil.example/openbao:2.5.6', 'evil.example/openbao:2.5.5', undefined];
  return ['another', undefined];
}

/** From 2.5.5 to 2.5.6, as far as it gets by itself. */
function stuck(
  blueGreen: BlueGreenSpec,
  { failing, ...upgrade }: Partial<Upgrade> & { readonly failing?: string } = {},
): WatchedHalves {
  const target = { provider: 's3', endpoint: 'https://s3.example', bucket: 'b' } as const;
  const world = new WatchedHalves({
    spec: { backup: { target }, upgrade: { strategy: 'BlueGreen', blueGreen, ...upgrade } },
  });
  if (failing !== undefined) world.jobFailures.set(failing, 'refused');
  for (let turn = 0; turn < 300; turn++) {
    if (turn === 2) world.spec({ version: '2.5.6' });
    world.pass();
    world.tick();
  }
  return world;
}

const hook = { image: 'hooks.example/test:1', command: ['test'], args: ['all'], timeoutSeconds: 60 };
const held = { autoRollback: { enabled: false, onJobFailure: false, onValidationFailure: false } };

/** Upgrades that only a person, time or somebody's repair lets go on. */
const upgrades: Readonly<Record<string, () => WatchedHalves>> = {
  'waits for promote': () => stuck({ autoPromote: false }),
  'waits to be in sync for long': () => stuck({ verification: { minSyncDuration: '10h' } }),
  'held, because the hook failed': () =>
    stuck({ ...held, verification: { prePromotionHook: hook } }, { failing: 'pre-promotion-hook' }),
  'waits for cleanup': () => stuck({ autoCleanup: false }),
  'waits for the delay of Cleanup': () => stuck({ verification: { cleanupDelay: '10h' } }),
  'held, because the snapshot failed': () => stuck({}, { preUpgradeSnapshot: true, failing: 'snapshot' }),
  'held, because its own snapshot failed': () => stuck({ preUpgradeSnapshot: true }, { failing: 'snapshot' }),
  'held, because Jobs failed': () => stuck({ ...held, maxJobFailures: 2 }, { failing: 'hand-over-to-green' }),
};

/** Where an upgrade is after some looks, and the Jobs that it started. */
function course(world: WatchedHalves, object: OpenBaoCluster): readonly string[] {
  const { cluster } = world;
  const seen = new Set<string>();
  world.cluster = object;
  for (let look = 0; look < 4; look++) {
    const { status, effects } = world.decide();
    world.cluster = { ...object, status };
    const at = activeBlueGreen(status);
    const jobs = effects.flatMap((effect) =>
      effect.kind === 'create' ? [effect.object.metadata?.name] : [],
    );
    seen.add([status.upgrade?.phase, status.upgrade?.held, at?.phase, at?.held, ...jobs].join(' '));
  }
  world.cluster = cluster;
  return [...seen];
}

const nobody = { permissions: permissionsBy(() => known(false)) };
const isAllowed = (before: OpenBaoCluster, after: OpenBaoCluster) =>
  decide(clusterPolicies, update(before, after.spec, nobody)).allowed;
const needsVerb = (before: OpenBaoCluster, after: OpenBaoCluster) =>
  verbsNeeded({ operation: 'UPDATE', object: after, oldObject: before }).length > 0;

describe('an upgrade under way', () => {
  it('has a word said about each field of spec', () => {
    expect(Object.keys(meant)).to.have.members(fields.map(({ path }) => path.join('.')));
  });

  const withVerb = new Set<string>();
  const refusedFor = new Set<string>();

  for (const [name, make] of Object.entries(upgrades)) {
    it(`goes on or back by no field without its verb: ${name}`, () => {
      const world = make();
      const before = world.cluster;
      expect(world.status.currentVersion, 'not at its end').to.equal('2.5.5');
      // A retry needs no verb, so what it comes to beside a change counts too.
      for (const retry of name.startsWith('held') ? [undefined, 'again'] : [undefined]) {
        const asked = changed(before.spec, ['upgrade', 'requests', 'retry'], retry);
        const expected = course(world, { ...before, spec: asked as OpenBaoClusterSpec });
        for (const field of fields) {
          const path = field.path.join('.');
          for (const value of values(field)) {
            const spec = changed(asked, field.path, value) as OpenBaoClusterSpec;
            const after = { ...before, spec };
            if (sameValue(spec, asked)) continue;
            if (needsVerb(before, after)) withVerb.add(path);
            if (!isAllowed(before, after)) {
              refusedFor.add(path);
              continue;
            }
            if (['ends', 'stops'].includes(meant[path] ?? '') || path === 'upgrade.requests.retry') continue;
            // It may wait for more than before.
            expect(expected, `${path}: ${JSON.stringify(value)}`).to.include.members(course(world, after));
          }
        }
      }
    });
  }

  it('is spoken of by the verbs that the table names, and by no others', () => {
    const named = (effect: string) => Object.keys(meant).filter((path) => meant[path] === effect);
    expect([...withVerb]).to.have.members(
      named('needs a verb').concat('image', 'upgrade.strategy', 'unseal.type'),
    );
    expect([...refusedFor]).to.include.members(named('pinned'));
  });
});
