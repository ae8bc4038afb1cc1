import { expect } from 'chai';
import { openbaoImages, type OpenBaoImages } from '../openbao/images.ts';
import type { Ground } from '../cluster/ground.ts';
import { rollguardImage } from '../cluster/images.ts';
import { provideVolumes } from '../cluster/volumes.ts';
import { succeed } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { clusterHandle, condition, driverOn, prepareDriver, runs, type Driver } from './driver.ts';
import { startWriter, writerRequests } from './writer.ts';

const namespace = 'upgrade';
const small = { storage: { size: '1Gi' } };

describe('a rolling upgrade on a real node', function () {
  this.timeout(600_000);
  let ground: Ground;
  let images: OpenBaoImages;
  let driver: Driver;
  let stopVolumes: () => Promise<void>;

  before(async function () {
    ground = await ownGround(this, 'node');
    stopVolumes = provideVolumes(ground);
    images = await openbaoImages(['2.4.4', '2.5.5'], () => {});
    await images.prepare(ground);
    await ground.loadImage(await rollguardImage(() => {}));
    await prepareDriver(ground, namespace);
    driver = await driverOn(ground);
    await driver.start();
  });

  after(async () => {
    await driver?.stop();
    await ground?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await stopVolumes?.();
  });

  const handle = (name: string) => clusterHandle(ground, namespace, name);
  const kubectl = (...args: readonly string[]) => succeed(ground.kubectl(['-n', namespace, ...args]));

  describe('of three members', () => {
    it('begins with a cluster that comes up by itself', async () => {
      const cluster = handle('prod');
      await cluster.create({
        ...small,
        version: '2.4.4',
        selfInit: { requests: writerRequests(namespace) },
      });
      const { status } = await cluster.until('up', runs('2.4.4'));
      expect(status?.raft?.voters).to.have.members(['prod-0', 'prod-1', 'prod-2']);
      expect(status?.image).to.equal('openbao/openbao:2.4.4');
      expect(status?.initialized).to.equal(true);
    });

    it('leaves no stanza that could make a second cluster, and no owner on the unseal key', async () => {
      const { stdout } = await kubectl('get', 'configmap', 'prod-config', '-o', 'json');
      expect(stdout).not.to.contain('initialize');
      const secret = JSON.parse((await kubectl('get', 'secret', 'prod-unseal-key', '-o', 'json')).stdout);
      expect(secret.metadata.ownerReferences).to.equal(undefined);
    });

    it('changes every pod, changes the leader once, and loses no acknowledged write', async () => {
      const cluster = handle('prod');
      const writer = await startWriter(ground, namespace, 'prod');
      const before = await cluster.read();
      expect(before.status?.activeLeader).to.equal('prod-0');
      await cluster.patch({ spec: { version: '2.5.5' } });
      await cluster.until('upgrading', condition('Upgrading') as never);
      const after_ = await cluster.until('upgraded', runs('2.5.5'), 300_000);
      const { lost } = await writer.stop();
      expect(lost).to.deep.equal([]);
      expect(writer.acknowledged()).to.be.above(20);
      expect(after_.status).to.include({ currentVersion: '2.5.5', image: 'openbao/openbao:2.5.5' });
      expect(after_.status?.operationLock).to.equal(undefined);
      const events = (await kubectl('get', 'events', '-o', 'json')).stdout;
      expect(events).to.contain('leadership changed 1 time');
    });
  });
});
