import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { trustIssuer } from '../../src/executor/trust-issuer.ts';
import { connectOpenBao, type OpenBaoNode } from '../../src/io/openbao/node.ts';
import { createIssuer, type TestIssuer } from './jwt.ts';
import { openBaoKind, startOpenBao, testerRole, type OpenBaoServers } from './openbao-servers.ts';
import { leaderOf, run, withContext } from './run-action.ts';

describe(`a change of the API server's keys, on ${openBaoKind}`, function () {
  let servers: OpenBaoServers;
  let folder: string;
  let next: TestIssuer;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollguard-issuer-'));
    servers = await startOpenBao(3);
    next = createIssuer(servers.issuer.url);
  });
  after(async () => {
    await servers?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const issuerOf = (...keys: readonly TestIssuer[]) =>
    JSON.stringify({ url: servers.issuer.url, publicKeys: keys.map(({ publicKey }) => publicKey) });
  /** Flags of a Job whose token was signed with the new key. */
  const signedByNext = async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, next.token('system:serviceaccount:bao:prod-upgrade-serviceaccount'));
    return { tokenFile };
  };
  /** As the person with the role that may do everything. */
  const asTester = async <T>(work: (node: OpenBaoNode, token: string) => Promise<T>): Promise<T> => {
    const pod = await leaderOf(servers);
    const node = connectOpenBao({ pod, url: servers.urls.get(pod) ?? '' });
    try {
      return await work(node, (await node.login(testerRole, servers.tokenOf('tester'))).token);
    } finally {
      await node.close();
    }
  };

  it('locks out those whose token the new key has signed', async () => {
    const report = await run(servers, 'preflight', await signedByNext());
    expect(report).to.deep.include({ outcome: 'failed', reason: 'LoginRefused' });
  });

  it('is told while the old key still logs in: then both do, and what else was configured stays', async () => {
    await asTester(async (node, token) => {
      const { fields } = await node.jwtConfig(token);
      await node.writeJwtConfig(token, { ...fields, default_role: 'tester' });
    });
    const report = await run(servers, 'trust-issuer', { issuer: issuerOf(servers.issuer, next) });
    expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'Trusted' });
    expect((await run(servers, 'preflight')).outcome).to.equal('done');
    expect((await run(servers, 'preflight', await signedByNext())).outcome).to.equal('done');
    const { fields } = await asTester((node, token) => node.jwtConfig(token));
    expect(fields).to.include({ default_role: 'tester', bound_issuer: servers.issuer.url });
  });

  it('is found done by a second Job', async () => {
    const report = await run(servers, 'trust-issuer', { issuer: issuerOf(next, servers.issuer) });
    expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'AlreadyTrusted' });
  });

  it('says when the role may not', async () => {
    const flags = { role: 'rollguard-backup', serviceAccount: 'prod-backup-serviceaccount' };
    const report = await run(servers, 'trust-issuer', { ...flags, issuer: issuerOf(next) });
    expect(report, report.message).to.deep.include({ outcome: 'failed', reason: 'PermissionMissing' });
  });

  it('leaves a method alone that reads the keys itself', async () => {
    const keysFrom = 'https://elsewhere/jwks';
    const replaced = (node: OpenBaoNode): OpenBaoNode => ({
      ...node,
      jwtConfig: async (token) => ({ ...(await node.jwtConfig(token)), keysFrom }),
      writeJwtConfig: () => Promise.reject(new Error('it was written')),
    });
    const flags = { role: 'rollguard-upgrade', serviceAccount: 'prod-upgrade-serviceaccount' };
    const report = await withContext(servers, { ...flags, timeoutSeconds: 10, replaced }, (context) =>
      trustIssuer(context, { url: 'https://kubernetes', publicKeys: [next.publicKey] }),
    );
    expect(report).to.deep.include({ outcome: 'done', reason: 'ReadsKeysItself' });
    expect(report.message).to.contain(keysFrom);
  });

  it('is done only when the leader says so', async () => {
    const replaced = (node: OpenBaoNode): OpenBaoNode => ({
      ...node,
      writeJwtConfig: () => Promise.resolve(),
    });
    const flags = { role: 'rollguard-upgrade', serviceAccount: 'prod-upgrade-serviceaccount' };
    const report = await withContext(servers, { ...flags, timeoutSeconds: 1, replaced }, (context) =>
      trustIssuer(context, { url: 'https://kubernetes', publicKeys: [next.publicKey] }),
    );
    expect(report).to.deep.include({ outcome: 'failed', reason: 'IssuerUnconfirmed' });
  });

  it('ends with the old key trusted no more', async () => {
    const report = await run(servers, 'trust-issuer', {
      ...(await signedByNext()),
      issuer: issuerOf(next),
    });
    expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'Trusted' });
    expect((await run(servers, 'preflight')).reason).to.equal('LoginRefused');
    expect((await run(servers, 'preflight', await signedByNext())).outcome).to.equal('done');
  });

  it('refuses keys that are none', async () => {
    for (const issuer of ['nonsense', '{"url":"https://kubernetes","publicKeys":[]}']) {
      const report = await run(servers, 'trust-issuer', { issuer });
      expect(report).to.deep.include({ outcome: 'failed', reason: 'InvalidFlags' });
    }
  });
});
