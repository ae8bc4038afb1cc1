import { expect } from 'chai';
import { baseTag } from '../cluster/images.ts';
import { succeed } from '../support/gate.ts';
import { isStable, newest, serves, startPoller, type Poller } from './services.ts';
import { releaseSuite, type ReleaseSuite } from './suite.ts';

const namespace = 'autoscalingv2';
const rollout = { readinessTimeout: '180s', gracePeriod: '2s', cleanupDelay: '4s' };
/** What is to miss it need not be waited for; a good release may need longer where other clusters load the machine. */
const withWindow = (readinessTimeout: string, spec: object = {}) => ({
  spec: { ...spec, rollout: { readinessTimeout } },
});
/** Such an image is refused at once, where a registry that is only out of reach may let a pull hang. */
const nowhere = 'localhost:1/e6data/storage';

describe('releases of MetadataServices on a real node', function () {
  let suite: ReleaseSuite;

  before(async function () {
    suite = await releaseSuite(this, namespace);
    await suite.driver.start();
  });

  after(() => suite?.stop());

  const kubectl = (...args: readonly string[]) => suite.kubectl(...args);
  const sample1 = () => suite.handle('sample1');
  const deployments = () => suite.deployments('sample1');

  /** On the loopback of the node: it takes connections and never answers. Returns an image that would be there. */
  const startSilentRegistry = async () => {
    const port = 5999;
    const container = {
      name: 'registry',
      image: baseTag,
      imagePullPolicy: 'Never',
      command: ['node', '-e', `require('node:net').createServer(() => {}).listen(${port}, '127.0.0.1')`],
      readinessProbe: { tcpSocket: { host: '127.0.0.1', port }, periodSeconds: 1 },
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'registry' },
      spec: { hostNetwork: true, terminationGracePeriodSeconds: 0, containers: [container] },
    };
    const input = JSON.stringify(pod);
    await succeed(suite.ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input }));
    await kubectl('wait', '--for=condition=Ready', 'pod/registry', '--timeout=120s');
    return `localhost:${port}/e6data/storage`;
  };

  describe('under a client that asks the Service of no color all the while', () => {
    let poller: Poller;

    it('the first release serves', async () => {
      await sample1().apply({ storage: { imageTag: '1.0' }, schema: { imageTag: '1.0' }, rollout });
      const { status } = await sample1().until('stable', serves('1.0'));
      expect(status).to.include({ activeStrategy: 'blue' });
      expect(status?.activeReleaseVersion).to.match(/^v\d{8}-\d{6}-[0-9a-f]{7}$/);
      poller = await startPoller(suite.ground, namespace, 'sample1-storage');
    });

    it('a good release takes over, and the old color goes', async () => {
      await sample1().patch({ spec: { storage: { imageTag: '1.1' }, schema: { imageTag: '1.1' } } });
      const { status } = await sample1().until('stable', serves('1.1'));
      expect(status?.activeStrategy).to.equal('green');
      expect(status?.releaseHistory?.map((each) => each.status)).to.deep.equal(['Superseded', 'Active']);
      expect(await deployments()).to.deep.equal(['sample1-schema-green', 'sample1-storage-green']);
    });

    for (const [what, spec, reason] of [
      [
        'an image that cannot be pulled',
        { storage: { image: nowhere, imageTag: '9.9' } },
        /^(ImagePullBackOff|ErrImagePull)$/,
      ],
      ['a crash loop', { storage: { image: null, imageTag: 'crashes' } }, /^CrashLoopBackOff$/],
      ['one that is never ready', { storage: { imageTag: 'never-ready' } }, /^NotReady$/],
      [
        'memory that no node has',
        { storage: { imageTag: '1.1', resources: { memory: '500Gi' } } },
        /^Pending$/,
      ],
    ] as const) {
      it(`${what} is rolled back by itself`, async () => {
        const before = await sample1().read();
        await sample1().patch(withWindow('20s', spec));
        const failed = await sample1().until(
          'rolled back',
          (now) => isStable(now) && newest(now)?.version !== newest(before)?.version,
        );
        expect(newest(failed)?.status).to.equal('Failed');
        expect(newest(failed)?.reason, newest(failed)?.message).to.match(reason);
        expect(failed.status).to.include({
          activeStrategy: 'green',
          activeReleaseVersion: before.status?.activeReleaseVersion,
        });
        expect(await deployments()).to.deep.equal(['sample1-schema-green', 'sample1-storage-green']);
      });
    }

    it('pods that a quota refuses are found out by their Deployment', async () => {
      await kubectl('create', 'quota', 'pods', '--hard=pods=3');
      await sample1().patch({ spec: { storage: { imageTag: '1.2', resources: null } } });
      const failed = await sample1().until(
        'rolled back',
        (now) => isStable(now) && newest(now)?.storageTag === '1.2',
      );
      expect(newest(failed)).to.include({ status: 'Failed', reason: 'FailedCreate' });
      expect(newest(failed)?.message).to.contain('exceeded quota');
      await kubectl('delete', 'quota', 'pods');
    });

    it('a manual rollback, as the guide writes it, brings back what ran', async () => {
      const versions = (
        await kubectl(
          'get',
          'metadataservices',
          'sample1',
          '-o',
          'jsonpath={.status.releaseHistory[*].version}',
        )
      ).split(' ');
      const [first = ''] = versions;
      await sample1().patch(withWindow('180s'));
      await sample1().annotate(`e6data.io/rollback-to=${first}`, 'e6data.io/rollback-reason=slow queries');
      const { status, metadata, spec } = await sample1().until('rolled back', serves('1.0'));
      expect(status?.releaseHistory?.at(-1)).to.include({
        status: 'Active',
        rollbackTo: first,
        rollbackReason: 'slow queries',
      });
      expect(metadata.annotations ?? {}).not.to.have.any.keys(
        'e6data.io/rollback-to',
        'e6data.io/rollback-reason',
      );
      expect(spec.storage).to.deep.equal({ imageTag: '1.0' });
    });

    it('a pull that hangs is rolled back when its window ends, and the image is named', async () => {
      const image = await startSilentRegistry();
      const before = await sample1().read();
      await sample1().patch(withWindow('20s', { storage: { image, imageTag: '9.9' } }));
      const failed = await sample1().until(
        'rolled back',
        (now) => isStable(now) && newest(now)?.storageTag === '9.9',
      );
      // The node pulls one image at a time.
      await kubectl('delete', 'pod', 'registry', '--force', '--grace-period=0');
      // Not by an error: none is ever seen.
      expect(newest(failed), newest(failed)?.message).to.include({ status: 'Failed', reason: 'Pending' });
      expect(newest(failed)?.message).to.contain(`${image}:9.9`);
      expect(failed.status?.activeReleaseVersion).to.equal(before.status?.activeReleaseVersion);
      expect(await deployments()).to.deep.equal(['sample1-schema-blue', 'sample1-storage-blue']);
    });

    it('no request was lost', async () => {
      const { answered, failures, tags } = await poller.stop();
      expect(failures).to.deep.equal([]);
      expect(tags).to.deep.equal(['1.0', '1.1', '1.0']);
      expect(answered).to.be.above(500);
    });
  });
});
