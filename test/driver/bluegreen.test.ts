import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { Ground } from '../cluster/ground.ts';
import { succeed } from '../support/gate.ts';
import { clusterHandle, condition, runs, type ClusterHandle, type Driver } from './driver.ts';
import { driverSuite, newer, older, type DriverSuite } from './suite.ts';
import { startWriter, writerRequests, type Writer } from './writer.ts';

const namespace = 'bluegreen';

describe('a blue-green upgrade on a real node', function () {
  this.timeout(600_000);
  let ground: Ground;
  let driver: Driver;
  let suite: DriverSuite;
  let writer: Writer | undefined;
  let cluster: ClusterHandle;

  before(async function () {
    suite = await driverSuite(this, namespace);
    ({ ground, driver } = suite);
  });

  afterEach(async function () {
    await driver.stop();
    await writer?.stop();
    writer = undefined;
    await ground.kubectl([
      '-n',
      namespace,
      'delete',
      'bao,pods,jobs,pvc',
      '--all',
      '--force',
      '--grace-period=0',
    ]);
  });

  after(() => suite?.end());

  const kubectl = (...args: readonly string[]) => ground.kubectl(['-n', namespace, ...args]);
  const names = async (kind: string, selector = `openbao.org/cluster=${cluster.name}`) => {
    const { stdout } = await succeed(kubectl('get', kind, '-l', selector, '-o', 'name'));
    return stdout
      .split('\n')
      .filter((each) => each !== '')
      .map((each) => each.slice(each.indexOf('/') + 1));
  };
  const servers = () => names('pods', `openbao.org/cluster=${cluster.name},openbao.org/component=server`);
  const request = (kind: string) =>
    cluster.patch({ spec: { upgrade: { requests: { [kind]: new Date().toISOString() } } } });
  const phase = ({ status }: OpenBaoCluster) => status?.blueGreen?.phase;

  /** A cluster of the older version with a writer, and the controller running. */
  async function begin(name: string, blueGreen: object = {}, spec: object = {}): Promise<void> {
    cluster = clusterHandle(ground, namespace, name);
    await driver.start();
    await cluster.create({
      version: older,
      storage: { size: '1Gi' },
      upgrade: { strategy: 'BlueGreen', blueGreen },
      selfInit: { requests: writerRequests(namespace) },
      ...spec,
    });
    await cluster.until('up', runs(older));
    writer = await startWriter(ground, namespace, name);
  }

  const upgrade = () => cluster.patch({ spec: { version: newer } });

  async function nothingIsLost(): Promise<void> {
    const { lost } = (await writer?.stop()) ?? { lost: [] };
    writer = undefined;
    expect(lost).to.deep.equal([]);
  }

  it('moves three members to three others: one leadership change, nothing lost, clients follow', async () => {
    await begin('flip');
    await upgrade();
    const done = await cluster.until('upgraded', runs(newer), 300_000);
    const { blueGreen } = done.status ?? {};
    expect(blueGreen).to.include({ phase: 'Idle' });
    const revision = blueGreen?.blueRevision ?? '';
    expect(await servers()).to.have.members([0, 1, 2].map((ordinal) => `flip-${revision}-${ordinal}`));
    expect(await names('statefulsets')).to.deep.equal([`flip-${revision}`]);
    expect(done.status?.raft?.voters).to.deep.equal(
      [0, 1, 2].map((ordinal) => `flip-${revision}-${ordinal}`),
    );
    const { stdout } = await succeed(
      kubectl('get', 'service', 'flip-public', '-o', 'jsonpath={.spec.selector}'),
    );
    expect(JSON.parse(stdout)).to.include({ 'openbao.org/revision': revision });
    // Retain: what blue wrote is kept.
    expect(await names('pvc')).to.include.members(['data-flip-0', 'data-flip-1', 'data-flip-2']);
    expect(condition('PointOfNoReturn')(done)).to.equal('False');
    const { stdout: events } = await succeed(
      kubectl('get', 'events', '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'),
    );
    expect(events).to.match(/UpgradeCompleted: .*leadership changed 1 times/);
    await nothingIsLost();
  });

  it('goes back on request while green is in sync: blue was never touched, green is gone whole', async () => {
    await begin('abort', { autoPromote: false });
    const before = await succeed(kubectl('get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}'));
    await upgrade();
    await cluster.until('in sync', ({ status }) => status?.blueGreen?.syncedAt !== undefined, 180_000);
    expect(await servers()).to.have.length(6);
    await request('rollback');
    const back = await cluster.until('back', (now) => phase(now) === 'Idle', 180_000);
    expect(back.status).to.include({ currentVersion: older });
    expect(back.status?.blueGreen?.givenUp).to.include({ version: newer });
    expect(await servers()).to.have.members(['abort-0', 'abort-1', 'abort-2']);
    expect(await names('statefulsets')).to.deep.equal(['abort']);
    expect(await names('pvc')).to.have.members([0, 1, 2].map((ordinal) => `data-abort-${ordinal}`));
    const after = await succeed(
      kubectl('get', 'pods', '-l', 'openbao.org/component=server', '-o', 'jsonpath={.items[*].metadata.uid}'),
    );
    expect(after.stdout).to.equal(before.stdout);
    // The same target does not start again by itself.
    await sleep(5_000);
    expect(phase(await cluster.read())).to.equal('Idle');
    await nothingIsLost();
  });

  it('goes back on request after green has taken over: votes and leadership return to blue', async () => {
    await begin('late', { autoCleanup: false });
    await upgrade();
    await cluster.until('green leads', ({ status }) => status?.blueGreen?.leadsSince !== undefined, 240_000);
    expect(condition('Crossing')(await cluster.read())).to.equal('True');
    await sleep(16_000);
    await request('rollback');
    const back = await cluster.until('back', (now) => phase(now) === 'Idle', 240_000);
    expect(back.status).to.include({ currentVersion: older });
    expect(back.status?.raft?.voters).to.deep.equal(['late-0', 'late-1', 'late-2']);
    expect(await servers()).to.have.members(['late-0', 'late-1', 'late-2']);
    await nothingIsLost();
  });
});
