import { expect } from 'chai';
import type { Pod } from '../../src/api/kubernetes.ts';
import { openBaoObserver } from '../../src/io/openbao/observer.ts';
import { OpenBaoError } from '../../src/io/openbao/node.ts';
import { openBaoKind, startOpenBao, type OpenBaoServers } from './openbao-servers.ts';

describe(`what the controller reads of OpenBao, on ${openBaoKind}`, function () {
  let servers: OpenBaoServers;
  let observer: ReturnType<typeof openBaoObserver>;

  before(async () => {
    servers = await startOpenBao(1);
    const token = servers.issuer.token('system:serviceaccount:rollguard-system:rollguard-controller');
    observer = openBaoObserver({
      ca: () => Promise.reject(new Error('there is no TLS here')),
      jwt: () => Promise.resolve(token),
    });
  });
  after(async () => {
    await observer?.close();
    await servers?.stop();
  });

  const pod = (): Pod => ({
    metadata: { name: 'prod-0', uid: 'p-0' },
    status: { podIP: new URL(servers.urls.get('prod-0') ?? '').hostname },
  });

  it('is what a pod says of itself', async () => {
    const member = await observer.member(servers.cluster, pod());
    expect(member).to.deep.include({
      pod: 'prod-0',
      podUID: 'p-0',
      initialized: true,
      sealed: false,
      standby: false,
      version: servers.version,
      leader: 'prod-0',
    });
    expect(member.appliedIndex)
      .to.be.above(0)
      .and.at.most(member.lastIndex ?? 0);
    expect(member.clusterId).to.match(/^[0-9a-f-]{36}$/);
  });

  it('is the membership and the versions, as the role rollguard-observer', async () => {
    const raft = await observer.raftConfiguration(servers.cluster, pod());
    expect(raft.readFrom).to.equal('prod-0');
    expect(raft.servers).to.have.length(1);
    expect(raft.servers[0]).to.deep.include({ id: 'prod-0', voter: true, leader: true });
    expect(await observer.versionHistory(servers.cluster, pod())).to.deep.equal([servers.version]);
  });

  it('is an error that names the pod where nothing answers', async () => {
    const gone = { ...pod(), status: { podIP: '127.255.255.1' } };
    const error: unknown = await observer.member(servers.cluster, gone).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(OpenBaoError).and.include({ reason: 'Refused', pod: 'prod-0' });
  });
});
