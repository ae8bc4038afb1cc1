import { expect } from 'chai';
import type { Pod } from '../../src/api/kubernetes.ts';
import { known } from '../../src/core/model/known.ts';
import { openBaoObserver } from '../../src/io/openbao/observer.ts';
import { connectOpenBao, OpenBaoError } from '../../src/io/openbao/node.ts';
import { isBefore, release } from '../openbao/flavours.ts';
import { skip } from '../support/skip.ts';
import { openBaoKind, startOpenBao, testerRole, versionsOf, type OpenBaoServers } from './openbao-servers.ts';

describe(`what the controller reads of OpenBao, on ${openBaoKind}`, function () {
  let servers: OpenBaoServers;
  let observer: ReturnType<typeof openBaoObserver>;

  before(async () => {
    // Of the model, too, one that knows sealable namespaces.
    const [, newest] = versionsOf();
    const version = openBaoKind === 'the model' ? '2.6.2' : newest;
    servers = await startOpenBao(1, undefined, version);
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
    expect(await observer.versionHistory(servers.cluster, pod())).to.deep.equal([
      // Without the suffix of a prerelease.
      release(servers.version),
    ]);
  });

  it('is an error that names the pod where nothing answers', async () => {
    const gone = { ...pod(), status: { podIP: '127.255.255.1' } };
    const error: unknown = await observer.member(servers.cluster, gone).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(OpenBaoError).and.include({ reason: 'Refused', pod: 'prod-0' });
  });

  it('is who holds the keys of sealable namespaces, as the same role', async function () {
    if (isBefore('2.6.0', servers.version)) skip(this, 'there are none before 2.6', 'openbao');
    expect(await observer.sealableNamespaces(servers.cluster, pod(), [])).to.deep.equal([]);
    const url = servers.urls.get('prod-0') ?? '';
    const node = connectOpenBao({ pod: 'prod-0', url });
    const { token } = await node.login(testerRole, servers.tokenOf('tester'));
    await node.close();
    const post = async (path: string, body: object) => {
      const headers = { 'x-vault-token': token };
      const answer = await fetch(`${url}/v1/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      expect(answer.status).to.equal(200);
      return (await answer.json()) as { readonly data: { readonly key_shares?: readonly string[] } };
    };
    const seal = 'seal "shamir" { shares = 1 threshold = 1 }';
    await post('sys/namespaces/plain', {});
    await post('sys/namespaces/team', { seal });
    const { data } = await post('plain/sys/namespaces/sub', { seal });
    await post('plain/sys/namespaces/sub/unseal', { key: data.key_shares?.[0] });
    const found = await observer.sealableNamespaces(servers.cluster, pod(), []);
    expect(found.map(({ path, unsealed }) => [path, unsealed.get('prod-0')])).to.deep.equal([
      ['plain/sub', known(true)],
      ['team', known(false)],
    ]);
  });
});
