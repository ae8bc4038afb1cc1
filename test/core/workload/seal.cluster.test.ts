import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import semver from 'semver';
import { createCertificateAuthority } from '../../support/certificates.ts';
import { skip } from '../../support/skip.ts';
import { openBaoVersions } from './one-member.ts';
import { behindTls, SealedCluster, TransitServer, transitSeal, type Unseal } from './sealed-cluster.ts';

const versions = (await openBaoVersions())
  .filter((version) => semver.valid(version) !== null)
  .toSorted(semver.compare);
const newest = versions.at(-1) ?? '';
const members = [0, 1, 2];

function skipWithoutServers(this: Mocha.Context): void {
  if (versions.length === 0) skip(this, 'OPENBAO_DIR names no folder of OpenBao servers', 'openbao');
}

describe('real servers with the rendered seal transit', () => {
  let transit: TransitServer;
  let cluster: SealedCluster;

  before(skipWithoutServers);

  beforeEach(async () => {
    transit = new TransitServer(newest);
    await transit.start();
    cluster = new SealedCluster(transitSeal(transit));
    // With the newline that editors and `echo` put there.
    await cluster.prepare({ token: `${await transit.token('encrypt', 'decrypt')}\n` });
  });

  afterEach(async () => {
    await cluster?.remove();
    await transit?.stop();
  });

  const startAll = async (version: string) => {
    for (const ordinal of members) await cluster.start(ordinal, version);
    for (const ordinal of members) await cluster.untilUnsealed(ordinal);
  };
  const restart = async (ordinal: number, version: string) => {
    expect(await cluster.stop(ordinal), await cluster.log(String(ordinal))).to.equal(0);
    await cluster.start(ordinal, version);
    await cluster.untilUnsealed(ordinal);
  };

  it('is tried with a version at least', () => {
    expect(versions).not.to.deep.equal([]);
  });

  for (const version of versions) {
    it(`${version}: three make a cluster, and one that is restarted comes back; without the key it ends, and the others go on`, async function () {
      this.timeout(240_000);
      await startAll(version);
      const { body } = await cluster.health(0);
      expect(body).to.deep.include({ initialized: true, sealed: false, version });
      await restart(2, version);

      await cluster.give({ token: 'ended' });
      expect(await cluster.stop(2)).to.equal(0);
      await cluster.start(2, version);
      expect(await cluster.exit(2)).to.equal(1);
      expect(await cluster.log('2')).to.match(/Error (configuring|parsing) .*eal[^]*Code: 403/);
      // Nothing shows it.
      expect([200, 429]).to.include((await cluster.health(0)).status);
      expect([200, 429]).to.include((await cluster.health(1)).status);

      await cluster.give({ token: await transit.token('encrypt', 'decrypt') });
      await cluster.start(2, version);
      await cluster.untilUnsealed(2);
    });

    it(`${version}: the check proves that the seal opens, and says why it does not in OpenBao's own words`, async function () {
      this.timeout(240_000);
      const good = await cluster.checkSeal(version);
      expect(good, good.said).to.include({ code: 0, said: 'the seal opens\n' });

      await cluster.give({ token: await transit.token('encrypt') });
      const halfway = await cluster.checkSeal(version);
      expect(halfway, halfway.said).to.include({ code: 1 });
      expect(halfway.said).to.match(/the seal sealed nothing[^]*transit\/decrypt\/prod[^]*permission denied/);

      await cluster.give({ token: 'ended' });
      const ended = await cluster.checkSeal(version);
      expect(ended, ended.said).to.include({ code: 1 });
      // What a status shows of it.
      expect(ended.said.trim().slice(-500)).to.match(/Code: 403[^]*OpenBao ended at its start$/);

      await transit.stop();
      const away = await cluster.checkSeal(version);
      expect(away, away.said).to.include({ code: 1 });
      expect(away.said.trim().slice(-500)).to.match(/connection refused[^]*OpenBao ended at its start$/);
      expect(away.milliseconds).to.be.below(60_000);
    });
  }

  for (const version of versions) {
    it(`${version}: trusts the CA of the key service that is in the Secret, and no other`, async function () {
      this.timeout(120_000);
      const [own, other] = [
        await createCertificateAuthority('own'),
        await createCertificateAuthority('other'),
      ];
      const server = await behindTls(transit, own);
      const secured = new SealedCluster({
        type: 'transit',
        transit: { address: server.address, mountPath: 'transit', keyName: 'prod' },
        credentialsSecretRef: { name: 'keys', keys: ['token', 'tls_ca_cert'] },
      });
      try {
        const token = await transit.token('encrypt', 'decrypt');
        await secured.prepare({ token, tls_ca_cert: own.certificate });
        expect((await secured.checkSeal(version)).said).to.equal('the seal opens\n');
        await secured.give({ tls_ca_cert: other.certificate });
        expect((await secured.checkSeal(version)).said).to.contain('certificate signed by unknown authority');
      } finally {
        await secured.remove();
        server.close();
      }
    });
  }

  for (const [index, from] of versions.slice(0, -1).entries()) {
    const to = versions[index + 1] ?? '';
    it(`${from} to ${to}: goes node by node`, async function () {
      this.timeout(240_000);
      await startAll(from);
      for (const ordinal of [2, 1, 0]) {
        await restart(ordinal, to);
        expect((await cluster.health(ordinal)).body).to.deep.include({ sealed: false, version: to });
      }
      const ids = await Promise.all(
        members.map(async (each) => (await cluster.health(each)).body.cluster_id),
      );
      expect(new Set(ids).size, ids.join()).to.equal(1);
    });
  }
});

describe('a real server with each other rendered seal', () => {
  before(skipWithoutServers);

  const nowhere = '127.0.0.1:1';
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const plugin = { command: 'x', directory: '/bao/data', version: 'v0.1.0', sha256sum: 'a'.repeat(64) };
  const aws: Unseal = {
    type: 'awskms',
    awskms: { kmsKeyId: 'k', region: 'eu-west-1', endpoint: `http://${nowhere}` },
  };
  const awsKeys = { access_key: 'a', secret_key: 'b' };

  /** Its words before 2.6, in 2.6 with and without the seals of clouds in the build, and from 2.7 on. */
  const moved = (name: string, words: RegExp) => (version: string) =>
    semver.lt(version, '2.6.0-0')
      ? words
      : semver.lt(version, '2.7.0-0')
        ? new RegExp(`unknown wrapper: ${name}|${words.source}`)
        : new RegExp(`unknown wrapper: ${name}`);
  const both = (before: RegExp, after: RegExp, since: string) => (version: string) =>
    semver.lt(version, `${since}-0`) ? before : after;

  const cases: readonly {
    readonly title: string;
    readonly unseal: Unseal;
    readonly credentials: Readonly<Record<string, string>>;
    readonly words: (version: string) => RegExp;
  }[] = [
    {
      title: 'awskms',
      unseal: aws,
      credentials: awsKeys,
      words: moved('awskms', /AWS KMS[^]*connection refused/),
    },
    {
      title: 'awskms by its plugin, which older versions start with',
      unseal: { ...aws, plugin },
      credentials: awsKeys,
      words: both(/AWS KMS[^]*connection refused/, /validating the command path/, '2.6.0'),
    },
    {
      title: 'gcpckms',
      unseal: { type: 'gcpckms', gcpckms: { project: 'p', region: 'r', keyRing: 'k', cryptoKey: 'c' } },
      credentials: { credentials: 'no JSON' },
      words: moved('gcpckms', /GCP CKMS[^]*invalid character/),
    },
    {
      title: 'azurekeyvault',
      unseal: {
        type: 'azurekeyvault',
        azurekeyvault: {
          vaultName: 'nobodys-vault',
          keyName: 'k',
          tenantId: '00000000-0000-0000-0000-000000000000',
          clientId: 'c',
        },
      },
      credentials: { client_secret: 's' },
      words: moved('azurekeyvault', /Azure Key Vault[^]*nobodys-vault/),
    },
    {
      title: 'ocikms',
      unseal: {
        type: 'ocikms',
        ocikms: {
          keyId: 'ocid1.key',
          cryptoEndpoint: `http://${nowhere}`,
          managementEndpoint: `http://${nowhere}`,
          authTypeApiKey: true,
        },
      },
      credentials: {
        config: `[DEFAULT]\nuser=ocid1.user\nfingerprint=aa\ntenancy=ocid1.tenancy\nregion=eu-frankfurt-1\nkey_file=/bao/seal/key.pem\n`,
        'key.pem': pem,
      },
      // It has read its configuration and the key; without an answer of the service its SDK panics.
      words: moved('ocikms', /key_id validation/),
    },
    {
      title: 'kmip',
      unseal: { type: 'kmip', kmip: { endpoint: nowhere, kmsKeyId: '1', timeout: 2 } },
      credentials: { client_cert: 'no PEM', client_key: 'no PEM' },
      words: () => /kmip[^]*PEM/,
    },
    {
      title: 'pkcs11, which the usual build has not',
      unseal: { type: 'pkcs11', pkcs11: { lib: '/x.so', slot: '0', keyLabel: 'k' } },
      credentials: { pin: '1' },
      words: both(/PKCS#11 disabled/, /unknown wrapper: pkcs11/, '2.7.0'),
    },
    {
      title: 'kms, by a plugin that is not there',
      unseal: { type: 'kms', kms: { name: 'ovhcloud', config: { a: 'b' } }, plugin },
      credentials: {},
      words: both(/unknown KMS type "ovhcloud"/i, /validating the command path/, '2.6.0'),
    },
    {
      title: 'kms, by a plugin whose registry is away',
      unseal: {
        type: 'kms',
        kms: { name: 'ovhcloud' },
        plugin: {
          image: `${nowhere}/kms-ovhcloud`,
          binaryName: 'kms-ovhcloud',
          version: 'v0.1.0',
          sha256sum: plugin.sha256sum,
        },
      },
      credentials: {},
      words: both(
        /unknown KMS type "ovhcloud"/i,
        /failed to download OCI image[^]*validating the command path/,
        '2.6.0',
      ),
    },
  ];

  for (const version of versions) {
    for (const { title, unseal, credentials, words } of cases) {
      it(`${version} reads it, and ends for what is missing by name: ${title}`, async function () {
        this.timeout(180_000);
        const keys = Object.keys(credentials);
        const cluster = new SealedCluster({
          ...unseal,
          ...(keys.length === 0 ? {} : { credentialsSecretRef: { name: 'keys', keys } }),
        });
        try {
          await cluster.prepare(credentials);
          const { code, said } = await cluster.checkSeal(version);
          expect(code, said).to.equal(1);
          expect(words(version).test(said), said).to.equal(true);
          expect(said).to.match(/OpenBao ended at its start\n$/);
          // No field is named that it does not know, but of plugins, which 2.4 has not. And the seal's own name, which
          // it warns of, and takes nevertheless, where the stanza stands in a second file.
          const own = unseal.type === 'kms' ? unseal.kms?.name : unseal.type;
          expect(said).not.to.match(new RegExp(`unknown or unsupported field (?!plugin|${own} )`));
        } finally {
          await cluster.remove();
        }
      });
    }
  }
});
