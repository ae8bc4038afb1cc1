import { expect } from 'chai';
import { until } from '../certs/recording-logger.ts';
import { succeed } from '../support/gate.ts';
import { skip } from '../support/skip.ts';
import { clusterHandle, condition, runs } from './controller.ts';
import { membersOf } from './members.ts';
import { driverSuite, newer, older, type DriverSuite } from './suite.ts';
import { startWriter, writerRequests } from './writer.ts';

const namespace = 'upgrade';
const small = { storage: { size: '1Gi' } };

describe('a rolling upgrade on a real node', function () {
  let suite: DriverSuite;
  let lost: readonly number[] | undefined;

  before(async function () {
    suite = await driverSuite(this, namespace);
    await suite.driver.start();
  });

  after(() => suite?.end());

  const handle = (name: string) => clusterHandle(suite.ground, namespace, name);
  const kubectl = (...args: readonly string[]) => succeed(suite.ground.kubectl(['-n', namespace, ...args]));

  describe('of three members', () => {
    it('begins with a cluster that comes up by itself', async () => {
      const cluster = handle('prod');
      await cluster.create({
        ...small,
        version: older,
        selfInit: { requests: writerRequests(namespace) },
      });
      const { status } = await cluster.until('up', runs(older));
      expect(status?.raft?.voters).to.have.members(['prod-0', 'prod-1', 'prod-2']);
      expect(status?.image).to.equal(`openbao/openbao:${older}`);
      expect(status?.initialized).to.equal(true);
    });

    it('leaves no stanza that could make a second cluster, and no owner on the unseal key', async () => {
      const { stdout } = await kubectl('get', 'configmap', 'prod-config', '-o', 'json');
      expect(stdout).not.to.contain('initialize');
      const secret = JSON.parse((await kubectl('get', 'secret', 'prod-unseal-key', '-o', 'json')).stdout);
      expect(secret.metadata.ownerReferences).to.equal(undefined);
      expect(secret.metadata.finalizers).to.deep.equal(['rollguard.io/unseal-key']);
    });

    it('changes every pod, and the leader once', async () => {
      const cluster = handle('prod');
      await using writer = await startWriter(suite.ground, namespace, 'prod');
      // On a slow machine another member may have been elected meanwhile.
      const members = await membersOf(suite.ground, namespace, 'prod');
      await members.leadFrom('prod-0');
      await members.close();
      await cluster.until('known', ({ status }) => status?.activeLeader === 'prod-0');
      await cluster.patch({ spec: { version: newer } });
      await cluster.until('upgrading', (now) => condition('Upgrading')(now) === 'True');
      const after_ = await cluster.until('upgraded', runs(newer), 300_000);
      ({ lost } = await writer.stop());
      expect(writer.acknowledged()).to.be.above(20);
      expect(after_.status).to.include({ currentVersion: newer, image: `openbao/openbao:${newer}` });
      expect(after_.status?.operationLock).to.equal(undefined);
      const isTold = async () =>
        (await kubectl('get', 'events', '-o', 'json')).stdout.includes('leadership changed 1 time');
      await until('an Event tells it', isTold, 30_000);
    });

    it('lost no acknowledged write, as only real servers can prove', function () {
      if (suite.images.kind === 'model') skip(this, `OpenBao here is ${suite.images.source}`, 'openbao');
      expect(lost).to.deep.equal([]);
    });
  });
});
