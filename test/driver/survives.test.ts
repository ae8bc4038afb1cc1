import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { Ground } from '../cluster/ground.ts';
import { until } from '../certs/recording-logger.ts';
import { cutPod } from '../cluster/cut.ts';
import { crashingImage } from '../openbao/images.ts';
import { succeed } from '../support/gate.ts';
import { clusterHandle, runs, type ClusterHandle, type Driver } from './driver.ts';
import { driverSuite, newer, older, type DriverSuite } from './suite.ts';
import { startWriter, writerRequests, type Writer } from './writer.ts';

const namespace = 'survives';
type Phase = NonNullable<NonNullable<OpenBaoCluster['status']>['upgrade']>['phase'];

describe('a rolling upgrade survives', function () {
  this.timeout(600_000);
  let ground: Ground;
  let driver: Driver;
  let suite: DriverSuite;
  let writer: Writer | undefined;
  let cluster: ClusterHandle;

  before(async function () {
    suite = await driverSuite(this, namespace);
    ({ ground, driver } = suite);
    await ground.loadImage(await crashingImage(`openbao/crashing:${newer}`, newer));
  });

  afterEach(async function () {
    await driver.stop();
    await writer?.stop();
    writer = undefined;
    // What is left of a story must not load the next one's machine.
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

  /** A cluster of the older version with a writer, and the controller running. */
  async function begin(name: string, deadlines = {}): Promise<void> {
    cluster = clusterHandle(ground, namespace, name);
    await driver.start({ deadlines });
    await cluster.create({
      version: older,
      storage: { size: '1Gi' },
      selfInit: { requests: writerRequests(namespace) },
    });
    await cluster.until('up', runs(older));
    writer = await startWriter(ground, namespace, name);
  }

  const upgrade = () => cluster.patch({ spec: { version: newer } });
  const inPhase = (phase: Phase) =>
    cluster.until(phase ?? '', ({ status }) => status?.upgrade?.phase === phase, 120_000);

  /** The upgrade is done, and every acknowledged write is there. */
  async function end(): Promise<OpenBaoCluster> {
    const done = await cluster.until('upgraded', runs(newer), 300_000);
    const { lost } = (await writer?.stop()) ?? { lost: [] };
    writer = undefined;
    expect(lost).to.deep.equal([]);
    return done;
  }

  /** After the fix, with the usual deadlines: the short ones were for what cannot work. */
  async function goOn(): Promise<void> {
    await driver.stop();
    await driver.start();
    await cluster.patch({ spec: { image: null } });
    await end();
  }

  it('a controller that is killed at each of its effects, before one and after the next', async () => {
    await begin('crash');
    await driver.stop();
    await upgrade();
    let crashes = 0;
    for (; crashes < 60; crashes += 1) {
      // Its successor need not wait for the end of its lease.
      await succeed(ground.kubectl(['-n', 'rollguard-system', 'delete', 'lease', '--all']));
      await driver.start(crashes % 2 === 0 ? { crashBefore: 1 } : { crashAfter: 1 });
      const isDone = cluster.until('upgraded', runs(newer), 120_000).then(() => true);
      if (await Promise.race([isDone, driver.ended().then(() => false)])) break;
    }
    expect(crashes).to.be.above(8);
    await end();
  });

  for (const phase of ['PreChecks', 'Replacing', 'CatchingUp', 'SteppingDown'] as const) {
    it(`a pod that is killed in ${phase}`, async () => {
      await begin(`kill-${phase.toLowerCase()}`);
      await upgrade();
      await inPhase(phase);
      await kubectl('delete', 'pod', `${cluster.name}-1`, '--force', '--grace-period=0');
      await end();
    });
  }

  it('a follower that is cut off during the step-down', async () => {
    await begin('cut');
    await upgrade();
    await inPhase('SteppingDown');
    const heal = await cutPod(ground, namespace, `${cluster.name}-2`);
    await sleep(8_000);
    await heal();
    await end();
  });

  it('an API server that restarts in its middle', async () => {
    await begin('apiserver');
    await upgrade();
    await inPhase('Replacing');
    await ground.restartApiServer();
    await end();
  });

  it('an image that does not exist: nothing was touched, it holds and says why, and goes on after the fix', async () => {
    await begin('missing', { preChecks: 45 });
    await cluster.patch({ spec: { version: newer, image: `openbao/missing:${newer}` } });
    const { status } = await cluster.until('held', (now) => now.status?.lastErrorReason !== undefined);
    // Some networks refuse the pull at once, others let it hang.
    expect(status?.lastErrorMessage).to.contain(`openbao/missing:${newer}`);
    expect(status?.currentVersion).to.equal(older);
    const { stdout } = await succeed(
      kubectl('get', 'pods', '-l', 'openbao.org/component=server', '-o', 'json'),
    );
    const images = (
      JSON.parse(stdout) as { items: { spec: { containers: { image: string }[] } }[] }
    ).items.map(({ spec }) => spec.containers[0]?.image);
    expect(images).to.deep.equal(Array.from({ length: 3 }, () => `openbao/openbao:${older}`));
    await goOn();
  });

  it('an image that crashes: one pod is down and no more, it holds, and goes on after the fix', async () => {
    await begin('crashing', { replacing: 20 });
    await cluster.patch({ spec: { version: newer, image: `openbao/crashing:${newer}` } });
    const { status } = await cluster.until('held', (now) => now.status?.upgrade?.held === true);
    expect(status?.upgrade).to.include({ currentPartition: 2 });
    expect(status?.lastErrorMessage).to.contain(`${cluster.name}-2`);
    const before = writer?.acknowledged() ?? 0;
    await until('writes go on', () => (writer?.acknowledged() ?? 0) > before + 20, 60_000);
    await goOn();
  });
});
