import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { connect } from '../../src/io/kubernetes/kubernetes.ts';
import { succeed } from '../support/gate.ts';
import { skip } from '../support/skip.ts';
import { clusterHandle, condition, runs } from './controller.ts';
import { driverSuite, type DriverSuite } from './suite.ts';
import { logIn, reachMembers, startWriter, writerRequests } from './writer.ts';

const namespace = 'across';
const [older, newer] = ['2.5.5', '2.6.2'];
const autopilot = 'sys/storage/raft/autopilot/configuration';

/** Members of the two neither hear each other nor pass requests on (docs/facts/openbao-2.6-measured.md, section 2). */
describe('a rolling upgrade across 2.6 on a real node', function () {
  let suite: DriverSuite;
  let lost: readonly number[] | undefined;

  before(async function () {
    suite = await driverSuite(this, namespace, [older, newer]);
    await suite.driver.start();
  });

  after(() => suite?.end());

  const handle = () => clusterHandle(suite.ground, namespace, 'prod');
  const isMixed = condition('MixedVersions');
  const saidOf = ({ status }: OpenBaoCluster) =>
    status?.conditions?.find(({ type }) => type === 'MixedVersions')?.message;
  const events = async () => {
    const args = ['-n', namespace, 'get', 'events', '-o', 'jsonpath={.items[*].reason}'];
    return (await succeed(suite.ground.kubectl(args))).stdout.split(' ');
  };

  /** Whether autopilot removes dead servers. */
  async function removesDeadServers(): Promise<unknown> {
    const client = connect({ kubeconfig: suite.ground.kubeconfig });
    const members = await reachMembers(client, namespace, 'prod');
    try {
      const token = await logIn(client, members, namespace);
      const answer = await members.ask('GET', `/v1/${autopilot}`, undefined, token);
      const body = answer?.body as { data?: { cleanup_dead_servers?: boolean } } | undefined;
      return body?.data?.cleanup_dead_servers;
    } finally {
      await members.close();
      await client.close();
    }
  }

  it('begins with members of before whose autopilot removes dead servers', async () => {
    const cluster = handle();
    const removal = { cleanup_dead_servers: true, min_quorum: 3 };
    await cluster.create({
      storage: { size: '1Gi' },
      version: older,
      selfInit: {
        requests: [
          ...writerRequests(namespace),
          { name: 'dead-servers', operation: 'update', path: autopilot, data: removal },
        ],
      },
    });
    const { status } = await cluster.until('up', runs(older), 300_000);
    expect(status?.raft?.voters).to.have.members(['prod-0', 'prod-1', 'prod-2']);
    expect(await removesDeadServers()).to.equal(true);
  });

  it('ends with all members on the new version as voters, and tells clients meanwhile', async () => {
    const cluster = handle();
    await using writer = await startWriter(suite.ground, namespace, 'prod');
    await cluster.patch({ spec: { version: newer } });
    const mixed = await cluster.until('mixed', (now) => isMixed(now) === 'True', 300_000);
    expect(saidOf(mixed)).to.contain('(2.5.5)').and.to.contain('(2.6.2)').and.to.contain('307');
    expect(mixed.status?.deadServerCleanup).not.to.equal(undefined);
    expect(await removesDeadServers()).to.equal(false);
    const { status } = await cluster.until('upgraded', runs(newer), 600_000);
    expect(status?.raft?.voters).to.have.members(['prod-0', 'prod-1', 'prod-2']);
    expect(status?.image).to.equal(`openbao/openbao:${newer}`);
    ({ lost } = await writer.stop());
    expect(writer.acknowledged()).to.be.above(20);
  });

  it('leaves everything as it was: no mix, and dead servers are removed again', async () => {
    const ended = await handle().until(
      'settled',
      (now) => isMixed(now) === 'False' && now.status?.deadServerCleanup === undefined,
      120_000,
    );
    expect(ended.status?.operationLock).to.equal(undefined);
    expect(await removesDeadServers()).to.equal(true);
    expect(await events()).to.include.members(['VersionsMixed', 'VersionsAlike', 'UpgradeCompleted']);
  });

  it('lost no acknowledged write across the break, as only real servers can prove', function () {
    if (suite.images.kind === 'model') skip(this, `OpenBao here is ${suite.images.source}`, 'openbao');
    expect(lost).to.deep.equal([]);
  });
});
