import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { skip } from '../support/skip.ts';
import { abandonGround, removeAbandoned } from './abandoned-cluster.ts';
import { versionOf } from './components.ts';
import { availability, startGround, type Ground } from './test-cluster.ts';
import { isRunning, waitUntilEnded } from '../support/processes.ts';
import { groundTimeoutMs, sharedCluster } from './shared.ts';
import { readRecord } from './state.ts';

describe('a ground of the size control-plane', function () {
  let ground: Ground;

  before(async function () {
    this.timeout(groundTimeoutMs);
    const found = await availability('control-plane');
    if (!found.available) skip(this, `${found.why}; ${found.remedy}`);
    ground = await sharedCluster('control-plane');
  });

  it('runs the API server that go.mod pins', async function () {
    if (!ground.isOwn) skip(this, `this is ${ground.source}`);
    const { stdout } = await ground.kubectl(['get', '--raw', '/version']);
    expect(JSON.parse(stdout)).to.include({ gitVersion: versionOf('kubernetes') });
  });

  it('lets a caller be whoever a test needs', async () => {
    const kubeconfig = await ground.kubeconfigFor('jane', ['developers', 'on-call']);
    const { stdout } = await ground.kubectl(['auth', 'whoami', '--output=json'], { kubeconfig });
    const { userInfo } = (
      JSON.parse(stdout) as { status: { userInfo: { username: string; groups: string[] } } }
    ).status;
    expect(userInfo.username).to.equal('jane');
    expect(userInfo.groups).to.include.members(['developers', 'on-call']);
  });

  it('gives a user no more than RBAC does', async () => {
    const kubeconfig = await ground.kubeconfigFor('jane', []);
    const { code, stderr } = await ground.kubectl(['get', 'secrets'], { kubeconfig });
    expect(code).to.equal(1);
    expect(stderr).to.contain('User "jane" cannot list resource "secrets"');
  });

  it('reports a command that fails instead of throwing', async () => {
    const { code, stderr } = await ground.kubectl(['get', 'configmap', 'nowhere']);
    expect(code).to.equal(1);
    expect(stderr).to.contain('not found');
  });

  it('stands beside another one, and leaves nothing when it stops', async function () {
    const other = await startGround({ size: 'control-plane' });
    if (!other.isOwn) {
      await other.stop();
      skip(this, `this is ${other.source}`);
    }
    const { processes = {} } = readRecord(other.directory) ?? {};
    try {
      await other.kubectl(['create', 'configmap', 'only-there']);
      expect((await other.kubectl(['get', 'configmap', 'only-there'])).code).to.equal(0);
      expect((await ground.kubectl(['get', 'configmap', 'only-there'])).code).to.equal(1);
    } finally {
      await other.stop();
    }
    expect(Object.keys(processes)).to.have.members(['etcd', 'kube-apiserver']);
    expect(Object.values(processes).filter(isRunning)).to.deep.equal([]);
    expect(existsSync(other.directory)).to.equal(false);
  });

  it('goes with an owner that is killed', async function () {
    if (!ground.isOwn) skip(this, `this is ${ground.source}`);
    const { directory, processes } = await abandonGround('control-plane');
    expect(await waitUntilEnded(processes, 10_000)).to.deep.equal([]);
    await removeAbandoned(directory);
  });

  it('keeps what it stored when its API server restarts', async function () {
    if (!ground.isOwn) skip(this, `this is ${ground.source}`);
    await ground.kubectl(['create', 'configmap', 'kept']);
    await ground.restartApiServer();
    expect((await ground.kubectl(['delete', 'configmap', 'kept'])).code).to.equal(0);
  });
});
