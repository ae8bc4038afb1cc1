import { expect } from 'chai';
import type { OpenBaoRestore } from '../../src/api/openbaorestore.ts';
import { connect, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { until as eventually } from '../certs/recording-logger.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { codeBlocks } from '../support/documents.ts';
import { succeed } from '../support/gate.ts';
import { shell } from '../support/shell.ts';
import { clusterHandle, runs, type ClusterHandle } from './controller.ts';
import { personOn, type Person } from './person.ts';
import { driverSuite, newer, older, type DriverSuite } from './suite.ts';
import { writerRequests } from './writer.ts';

// As in docs/operations/restore.md.
const namespace = 'bao';
const claimName = 'snapshots';
const spec = {
  storage: { size: '1Gi' },
  selfInit: { requests: writerRequests(namespace) },
  configuration: { raft: { autopilotReconcileInterval: '1s', autopilotUpdateInterval: '500ms' } },
  backup: { target: { provider: 'pvc', claimName } },
};

describe('restoring on a real node', function () {
  let suite: DriverSuite;
  let ground: Ground;
  let client: KubernetesClient;
  let prod: ClusterHandle;
  let person: Person;
  let snapshot = '';
  /** The runbook, a command or more a step. */
  let runbook: readonly string[] = [];

  const kubectl = async (...args: readonly string[]) =>
    (await succeed(ground.kubectl(['-n', namespace, ...args]))).stdout;
  const apply = (object: object) =>
    succeed(ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(object) }));
  const restores = `/apis/openbao.org/v1alpha1/namespaces/${namespace}/openbaorestores`;
  const create = (name: string, wanted: object) =>
    client.create(restores, {
      apiVersion: 'openbao.org/v1alpha1',
      kind: 'OpenBaoRestore',
      metadata: { name },
      spec: { cluster: 'prod', snapshot, ...wanted },
    });
  const read = (name: string) => client.get<OpenBaoRestore>(`${restores}/${name}`);
  const until = async (name: string, phase: string, timeoutMs = 400_000): Promise<OpenBaoRestore> => {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = await read(name);
      if (found?.status?.phase === phase) return found;
      const isOver = found?.status?.phase === 'Failed' || found?.status?.phase === 'Complete';
      if (isOver || Date.now() > end) {
        throw new Error(`${name} is not ${phase}: ${JSON.stringify(found?.status, undefined, 1)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const metrics = async () => (await fetch(`http://127.0.0.1:${suite.driver.statusPort}/metrics`)).text();
  // The record of a restore goes with the look that follows its end.
  const settled = (version: string) =>
    prod.until('settled', (now) => runs(version)(now) && now.status?.restore === undefined);
  const uids = async () =>
    (
      await kubectl(
        'get',
        'pods',
        '-l',
        'openbao.org/cluster=prod,openbao.org/component=server',
        '-o',
        'jsonpath={.items[*].metadata.uid}',
      )
    ).split(' ');

  before(async function () {
    runbook = (await codeBlocks('docs/operations/restore.md'))
      .filter(({ language }) => language === 'sh')
      .map(({ text }) => text);
    expect(runbook).to.have.length(6);
    suite = await driverSuite(this, namespace);
    ground = suite.ground;
    client = connect({ kubeconfig: ground.kubeconfig });
    await suite.driver.start();
    await apply({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: claimName },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    prod = clusterHandle(ground, namespace, 'prod');
    await prod.create({ ...spec, version: older, upgrade: { preUpgradeSnapshot: true } });
    await prod.until('up', runs(older));
    person = personOn(client, namespace, 'prod');
    await person.write('early', '1');
    await prod.patch({ spec: { version: newer } });
    const { status } = await prod.until('upgraded', runs(newer), 400_000);
    snapshot = status?.backup?.latestSnapshot?.name ?? '';
    // A restart is no upgrade: it needs no snapshot.
    await prod.patch({ spec: { upgrade: { preUpgradeSnapshot: false } } });
    await person.write('early', '2');
    await person.write('late', '1');
  });

  after(async () => {
    await client?.close();
    await suite?.end();
  });

  it('says what a restore would destroy, and restores nothing before it is confirmed', async () => {
    const [which = '', name = '', loss = ''] = runbook;
    expect(await shell(which, ground)).to.contain(snapshot);
    await shell(name, ground);
    const said = await shell(loss, ground);
    expect(said).to.contain('Everything that was written to prod since').and.contain(snapshot);
    const { status } = (await read('prod-back')) ?? {};
    expect(status?.snapshot).to.deep.include({ name: snapshot, version: older });
    // The same command as the page's, for who reads nothing else.
    expect(said).to.contain((runbook[3] ?? '').split('\n')[0]);
    expect((await prod.read()).status).to.not.have.any.keys('operationLock', 'restore');
    expect(await person.read('late')).to.equal('1');
  });

  it('takes the data back when it is, restarts every member, and leaves nobody without a vote', async () => {
    const [, , , confirm = '', look = ''] = runbook;
    const before = await uids();
    await shell(confirm, ground);
    const { status } = await until('prod-back', 'Complete');
    expect(status).to.include.keys('restoredAt', 'completedAt');
    const finalizers = async () => (await read('prod-back'))?.metadata.finalizers ?? [];
    await eventually('its deletion needs nothing', async () => (await finalizers()).length === 0);
    expect(await person.read('early')).to.equal('1');
    expect(await person.read('late')).to.equal(undefined);
    const cluster = await settled(newer);
    expect(cluster.status?.operationLock).to.equal(undefined);
    const after_ = await uids();
    expect(after_.filter((uid) => before.includes(uid))).to.deep.equal([]);
    expect(await shell(look, ground)).to.match(/^prod .*2\.5\.5/m);
  });

  it('refuses what is no snapshot of this cluster, says why, and touches nothing', async () => {
    await person.write('late', '2');
    const cases = [
      {
        name: 'missing',
        wanted: { snapshot: 'bao/prod/none.snap', snapshotVersion: older },
        reason: 'SnapshotMissing',
      },
      { name: 'other-sum', wanted: { sha256: '0'.repeat(64) }, reason: 'WrongSnapshot' },
      {
        name: 'no-version',
        wanted: { snapshot: 'bao/prod/none.snap' },
        reason: 'SnapshotVersionUnknown',
      },
      { name: 'newer', wanted: { snapshot: 'x.snap', snapshotVersion: '9.0.0' }, reason: 'SnapshotNewer' },
    ];
    for (const { name, wanted } of cases) await create(name, { confirm: 'prod', ...wanted });
    for (const { name, reason } of cases) {
      const { status } = await until(name, 'Failed');
      expect(status?.lastErrorReason, status?.lastErrorMessage).to.equal(reason);
      // An alert rests on it (manifests/monitoring).
      const series = `rollguard_restore_condition{namespace="bao",name="${name}",type="Failed",status="true",reason="${reason}"} 1`;
      await eventually(`the metrics say it of ${name}`, async () => (await metrics()).includes(series));
    }
    expect(await person.read('late')).to.equal('2');
    expect((await prod.read()).status).to.not.have.any.keys('operationLock', 'restore');
  });

  it('is confirmed by the right name alone, and cannot be changed', async () => {
    const said = async (promise: Promise<unknown>) =>
      promise.then(
        () => 'it was taken',
        (error: unknown) => (error as Error).message,
      );
    expect(await said(create('wrong', { confirm: 'production' }))).to.contain(
      'confirm must be the same name',
    );
    const patching = client.request({
      method: 'PATCH',
      path: `${restores}/missing`,
      body: { spec: { snapshot: 'another.snap' } },
    });
    expect(await said(patching)).to.contain('only confirm can change');
  });

  it('comes through a controller that is killed after each effect, and restores once', async () => {
    await suite.driver.stop();
    await create('crashes', { confirm: 'prod' });
    let crashes = 0;
    for (; crashes < 40; crashes++) {
      const phase = (await read('crashes'))?.status?.phase;
      // The restart is one as any other is (survives.cluster.test.ts).
      if (phase === 'Restarting' || phase === 'Complete') break;
      // Its successor need not wait for the end of its lease.
      await succeed(ground.kubectl(['-n', 'rollguard-system', 'delete', 'lease', '--all']));
      await suite.driver.start(crashes % 2 === 0 ? { crashBefore: 1 } : { crashAfter: 1 });
      await Promise.race([suite.driver.ended(), new Promise((resolve) => setTimeout(resolve, 20_000))]);
      await suite.driver.kill();
    }
    expect(crashes).to.be.above(6);
    await succeed(ground.kubectl(['-n', 'rollguard-system', 'delete', 'lease', '--all']));
    await suite.driver.start();
    const { status } = await until('crashes', 'Complete');
    expect(status?.outcomeUnknown).to.equal(undefined);
    expect(await person.read('early')).to.equal('1');
    expect(await person.read('late')).to.equal(undefined);
    await settled(newer);
  });

  it('brings the data into a fresh cluster of the older version that has the same unseal key', async () => {
    await shell(runbook[5] ?? '', ground);
    await prod.create({ ...spec, version: older });
    const fresh = await prod.until('up', runs(older));
    expect(await person.read('early')).to.equal(undefined);
    await create('into-fresh', { confirm: 'prod' });
    await until('into-fresh', 'Complete');
    expect(await person.read('early')).to.equal('1');
    const { status } = await settled(older);
    expect(status?.clusterID).to.not.equal(fresh.status?.clusterID);
  });
});
