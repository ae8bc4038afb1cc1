import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { createSigningKey } from '../support/certificates.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { bucketOf } from '../support/bucket.ts';
import { until } from '../certs/recording-logger.ts';
import { succeed } from '../support/gate.ts';
import { ownMinio, type Minio } from '../support/minio.ts';
import { clusterHandle, runs } from './controller.ts';
import { driverSuite, newer, older, type DriverSuite } from './suite.ts';
import { startWriter, writerRequests } from './writer.ts';
import { provideNamespace } from '../support/namespace.ts';

const namespace = 'life';
const storage = { size: '1Gi' };

describe('the life of a cluster on a real node', function () {
  let ground: Ground;
  let suite: DriverSuite;
  let minio: Minio;

  before(async function () {
    suite = await driverSuite(this, namespace);
    ground = suite.ground;
    minio = await ownMinio(this, { address: ground.hostAddress });
    await suite.driver.start();
  });

  after(async () => {
    await suite?.end();
    await minio?.stop();
  });

  const handle = (name: string) => clusterHandle(ground, namespace, name);
  const kubectl = async (...args: readonly string[]) =>
    (await succeed(ground.kubectl(['-n', namespace, ...args]))).stdout;
  const claims = async (name: string) =>
    (await kubectl('get', 'pvc', '-l', `openbao.org/cluster=${name}`, '-o', 'name')).trim().split('\n');
  const metadataOf = (field: string) => `jsonpath={.metadata.${field}}`;
  /** Says that the cluster's deletion is meant. */
  const confirm = async (name: string) => {
    const uid = await kubectl('get', 'bao', name, '-o', metadataOf('uid'));
    await kubectl('annotate', 'bao', name, `rollguard.io/confirm-delete=${uid}`);
  };
  /** As the page on clusters says. */
  const unfinalize = (name: string) =>
    kubectl(
      'patch',
      'secret',
      `${name}-unseal-key`,
      '--type',
      'merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    );
  const uids = async (name: string) =>
    (
      await kubectl(
        'get',
        'pods',
        '-l',
        `openbao.org/cluster=${name},openbao.org/component=server`,
        '-o',
        'jsonpath={.items[*].metadata.uid}',
      )
    ).split(' ');

  it('a single member is upgraded, after a snapshot to a claim that is verified', async () => {
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'snapshots' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await succeed(ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(claim) }));
    const one = handle('one');
    await one.create({
      version: older,
      replicas: 1,
      storage,
      profile: 'Development',
      deletionPolicy: 'DeleteAll',
      upgrade: { preUpgradeSnapshot: true },
      backup: { target: { provider: 'pvc', claimName: 'snapshots' } },
    });
    await one.until('up', runs(older));
    await one.patch({ spec: { version: newer } });
    const { status } = await one.until('upgraded', runs(newer));
    const snapshot = status?.backup?.latestSnapshot;
    expect(snapshot?.sha256).to.match(/^[0-9a-f]{64}$/);
    expect(snapshot).to.include({ version: older });
    expect(snapshot?.size).to.be.above(1000);
    // L2: nobody has confirmed that, and no gate is asked here: everything is kept, and it is said.
    await one.remove();
    await until('it is gone', async () => (await kubectl('get', 'bao', '-o', 'name')) === '', 120_000);
    expect(await claims('one')).to.deep.equal(['persistentvolumeclaim/data-one-0']);
    expect(await kubectl('get', 'secret', 'one-unseal-key', '-o', metadataOf('deletionTimestamp'))).to.equal(
      '',
    );
    const events = [
      'get',
      'events',
      '--field-selector',
      'reason=DataKept',
      '-o',
      'jsonpath={.items[*].message}',
    ];
    expect(await kubectl(...events)).to.contain('kubectl delete pvc -n life data-one-0');
  });

  it('grows, is upgraded with five members after a snapshot to S3, restarts, shrinks, and loses no write', async () => {
    const prod = handle('prod');
    await prod.create({
      version: older,
      storage,
      deletionPolicy: 'DeletePVCs',
      selfInit: { requests: writerRequests(namespace) },
    });
    await prod.until('up', runs(older));
    await using writer = await startWriter(ground, namespace, 'prod');

    await prod.patch({ spec: { replicas: 5 } });
    await prod.until('five', runs(older));
    expect(await claims('prod')).to.have.length(5);

    const { accessKeyId = '', secretAccessKey = '', ca = '' } = minio.credentials;
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'store' },
      stringData: { accessKeyId, secretAccessKey, 'ca.crt': ca },
    };
    await succeed(ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(secret) }));
    const target = {
      ...minio.target,
      credentialsSecretRef: { name: 'store' },
      caSecretRef: { name: 'store' },
    };
    await prod.patch({
      spec: {
        version: newer,
        upgrade: { preUpgradeSnapshot: true },
        backup: { target },
      },
    });
    const upgraded = await prod.until('upgraded', runs(newer), 400_000);
    const snapshot = upgraded.status?.backup?.latestSnapshot;
    expect(snapshot).to.include({ version: older });
    expect(await bucketOf(minio).objects()).to.deep.equal([snapshot?.name]);

    const before = await uids('prod');
    await prod.patch({ spec: { maintenance: { restartAt: '2026-11-21T00:00:00Z' } } });
    await prod.until(
      'restarted',
      (now) => now.status?.lastRestartAt === '2026-11-21T00:00:00Z' && runs(newer)(now),
      400_000,
    );
    const after_ = await uids('prod');
    expect(after_.filter((uid) => before.includes(uid))).to.deep.equal([]);

    await prod.patch({ spec: { replicas: 3 } });
    const { status } = await prod.until('three', runs(newer));
    expect(status?.raft?.voters).to.have.members(['prod-0', 'prod-1', 'prod-2']);
    expect(await claims('prod')).to.have.length(3);
    const { lost } = await writer.stop();
    expect(lost).to.deep.equal([]);
  });

  it('is put into maintenance and out of it without a restart', async () => {
    const prod = handle('prod');
    const before = await uids('prod');
    const annotated = async () =>
      kubectl('get', 'pod', 'prod-0', '-o', 'jsonpath={.metadata.annotations.openbao\\.org/maintenance}');
    await prod.patch({ spec: { maintenance: { enabled: true } } });
    await until('its pods are annotated', async () => (await annotated()) === 'true', 60_000);
    await prod.patch({ spec: { maintenance: { enabled: false } } });
    await until('they are not any more', async () => (await annotated()) === '', 60_000);
    expect(await uids('prod')).to.deep.equal(before);
  });

  it('follows the API server to other keys for tokens, before it signs with them', async () => {
    const prod = handle('prod');
    const before = (await prod.read()).status?.issuer?.trusted;
    expect(before).to.be.a('string');
    const file = (name: string) => join(ground.directory, 'certificates', name);
    const { privateKey, publicKey } = await createSigningKey();
    // The controller remembers the keys for a while.
    await suite.driver.stop();
    writeFileSync(
      file('service-account.pub'),
      `${readFileSync(file('service-account.pub'), 'utf8')}\n${publicKey}`,
    );
    await ground.restartApiServer();
    await suite.driver.start();
    const isTold = ({ status }: OpenBaoCluster) =>
      status?.issuer?.trusted !== before && status?.issuer?.operationId === undefined;
    await prod.until('told', isTold);

    writeFileSync(file('service-account.key'), privateKey);
    await ground.restartApiServer();
    // It logs in with a token that is made now.
    await using writer = await startWriter(ground, namespace, 'prod');
    await until('it writes', () => writer.acknowledged() > 5, 60_000);
    expect((await writer.stop()).lost).to.deep.equal([]);
  });

  it('takes its volumes along when it goes, and leaves its unseal key', async () => {
    // The kubelet looks for an API server that was away only every so often: it may see its pods go 30 s late.
    await confirm('prod');
    await kubectl('delete', 'openbaocluster', 'prod', '--timeout=170s');
    await until('its volumes are gone', async () => (await claims('prod')).join('') === '', 120_000);
    await kubectl('get', 'secret', 'prod-unseal-key');
  });

  it('L2, L4: takes all along under DeleteAll; what nobody may prune is kept by hand or goes by hand', async () => {
    const all = handle('all');
    await all.create({
      version: newer,
      replicas: 1,
      storage,
      profile: 'Development',
      deletionPolicy: 'DeleteAll',
    });
    await all.until('up', runs(newer));
    const finalizers = () => kubectl('get', 'secret', 'all-unseal-key', '-o', metadataOf('finalizers[*]'));
    // As an earlier Rollguard made it.
    const ownerless = ['secret/all-unseal-key', 'pvc/data-all-0'];
    await unfinalize('all');
    await kubectl('label', ...ownerless, 'app.kubernetes.io/instance=all');
    await all.patch({ spec: { maintenance: { enabled: false } } });
    await until(
      'both are mended',
      async () => {
        const labels = await kubectl('get', ...ownerless, '-o', 'jsonpath={.items[*].metadata.labels}');
        return (
          !labels.includes('kubernetes.io/instance') && (await finalizers()) === 'rollguard.io/unseal-key'
        );
      },
      120_000,
    );
    await confirm('all');
    await kubectl('delete', 'openbaocluster', 'all', '--timeout=170s');
    expect((await claims('all')).join('')).to.equal('');
    const gone = await ground.kubectl(['-n', namespace, 'get', 'secret', 'all-unseal-key']);
    expect(gone.stderr).to.contain('NotFound');

    // A Secret that somebody deletes is kept until its finalizer is taken off, and is made again as the hold says.
    const key = () => kubectl('get', 'secret', 'one-unseal-key', '-o', 'jsonpath={.data.key}');
    const before = await key();
    await kubectl('delete', 'secret', 'one-unseal-key', '--wait=false');
    const saved = await kubectl('get', 'secret', 'one-unseal-key', '-o', 'yaml');
    expect(saved).to.contain('deletionTimestamp');
    const adding = ['patch', 'secret', 'one-unseal-key', '--type', 'merge', '-p'];
    const more = '{"metadata":{"finalizers":["rollguard.io/unseal-key","rollguard.io/another"]}}';
    const refused = await ground.kubectl(['-n', namespace, ...adding, more]);
    expect(refused.stderr).to.contain('no new finalizers can be added');
    await unfinalize('one');
    await succeed(ground.kubectl(['-n', namespace, 'create', '-f', '-'], { input: saved }));
    expect(await key()).to.equal(before);
    expect(await kubectl('get', 'secret', 'one-unseal-key', '-o', 'yaml')).not.to.contain(
      'deletionTimestamp',
    );
    await kubectl('delete', 'secret', 'one-unseal-key', '--wait=false');
    await unfinalize('one');
    const left = await ground.kubectl(['-n', namespace, 'get', 'secret', 'one-unseal-key']);
    expect(left.stderr).to.contain('NotFound');
  });

  it('L2: a namespace that is deleted waits for its unseal key, says so, and goes by the command of the page', async () => {
    const inDoomed = (...args: readonly string[]) => succeed(ground.kubectl(['-n', 'doomed', ...args]));
    await provideNamespace(ground, 'doomed');
    const metadata = { name: 'prod-unseal-key', finalizers: ['rollguard.io/unseal-key'] };
    const secret = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata });
    await succeed(ground.kubectl(['-n', 'doomed', 'create', '-f', '-'], { input: secret }));
    await succeed(ground.kubectl(['delete', 'namespace', 'doomed', '--wait=false']));
    const said = 'jsonpath={.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].message}';
    await until(
      'it says what it waits for',
      async () =>
        (await inDoomed('get', 'namespace', 'doomed', '-o', said)).stdout.includes(
          'rollguard.io/unseal-key in 1 resource instances',
        ),
      60_000,
    );
    const none = '{"metadata":{"finalizers":null}}';
    await inDoomed('patch', 'secret', 'prod-unseal-key', '--type', 'merge', '-p', none);
    await succeed(ground.kubectl(['wait', '--for=delete', 'namespace/doomed', '--timeout=60s']));
  });
});
