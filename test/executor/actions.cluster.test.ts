import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { deadlineIn } from '../../src/executor/context.ts';
import { removePeer } from '../../src/executor/remove-peer.ts';
import { stepDown } from '../../src/executor/step-down.ts';
import { openBaoSession } from '../../src/io/openbao/session.ts';
import { connectOpenBao, OpenBaoError } from '../../src/io/openbao/node.ts';
import { openBaoKind, startOpenBao, type OpenBaoServers } from './openbao-servers.ts';
import { leaderOf, run, silent } from './run-action.ts';

/** Where nothing listens. */
const nowhere = (pod: string) => ({ pod, url: 'http://127.0.0.1:9' });

describe(`the actions of the executor, on ${openBaoKind}`, function () {
  let servers: OpenBaoServers;

  before(async () => {
    servers = await startOpenBao();
  });
  after(async () => {
    await servers?.stop();
  });

  const others = async () => {
    const leader = await leaderOf(servers);
    return {
      leader,
      followers: [...servers.urls.keys()].filter((pod) => pod !== leader) as [string, string],
    };
  };

  describe('preflight', () => {
    it('logs in, reads the membership and finds every right', async () => {
      const report = await run(servers, 'preflight');
      expect(report).to.deep.include({ outcome: 'done', reason: 'Ready' });
      expect(report.data).to.deep.equal({
        leader: await leaderOf(servers),
        voters: ['prod-0', 'prod-1', 'prod-2'],
        deadServerCleanup: false,
      });
    });

    it('says which login is refused, and never the token', async () => {
      const report = await run(servers, 'preflight', { serviceAccount: 'somebody-else' });
      expect(report).to.deep.include({ outcome: 'failed', reason: 'LoginRefused' });
      expect(report.message).to.contain('invalid subject').and.contain('rollguard-upgrade');
      expect(report.message).not.to.contain(servers.tokenOf('somebody-else').slice(0, 30));
    });

    it('names a role that is not there', async () => {
      const report = await run(servers, 'preflight', { role: 'nobody' });
      expect(report).to.deep.include({ outcome: 'failed', reason: 'LoginRefused' });
      expect(report.message).to.contain('nobody');
    });

    it('names the rights that a role lacks', async () => {
      const report = await run(servers, 'preflight', {
        role: 'rollguard-backup',
        serviceAccount: 'prod-backup-serviceaccount',
      });
      expect(report).to.deep.include({ outcome: 'failed', reason: 'PermissionMissing' });
    });

    it('waits for a leader as long as it may, then says who is how', async () => {
      const member = [...servers.urls.keys()].map(nowhere);
      const report = await run(servers, 'preflight', { member, timeoutSeconds: 1 });
      expect(report).to.deep.include({ outcome: 'failed', reason: 'PreflightFailed' });
      expect(report.message).to.contain('prod-0 did not answer');
    });

    it('leaves no token behind', async () => {
      await run(servers, 'preflight');
      expect(await accessorsOf(servers, 'rollguard-upgrade')).to.deep.equal([]);
    });
  });

  describe('snapshot', () => {
    const asBackup = { role: 'rollguard-backup', serviceAccount: 'prod-backup-serviceaccount' };
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'rollguard-store-'));
    });
    after(() => rm(folder, { recursive: true }));
    const toFolder = () => ({
      target: JSON.stringify({ provider: 'pvc', claimName: 'snaps' }),
      storeFolder: folder,
      name: 'bao/prod/pre-upgrade.snap',
    });

    it('is first probed for', async () => {
      const report = await run(servers, 'probe-store', toFolder());
      expect(report).to.deep.include({ outcome: 'done', reason: 'StoreReady' });
    });

    it('is taken from the leader, verified and stored; a second run reports the same one', async () => {
      const report = await run(servers, 'snapshot', { ...asBackup, ...toFolder() });
      expect(report).to.deep.include({ outcome: 'done', reason: 'SnapshotTaken' });
      expect(report.data).to.deep.include({ name: 'bao/prod/pre-upgrade.snap', version: servers.version });
      const again = await run(servers, 'snapshot', { ...asBackup, ...toFolder() });
      expect(again.data).to.deep.include({ sha256: report.data?.['sha256'], size: report.data?.['size'] });
    });

    it('says when the role may not take one, and stores nothing', async () => {
      const name = 'bao/prod/forbidden.snap';
      const report = await run(servers, 'snapshot', { ...toFolder(), name });
      expect(report).to.deep.include({ outcome: 'failed', reason: 'PermissionMissing' });
      expect(existsSync(join(folder, name))).to.equal(false);
    });

    it('says what is wrong with the store', async () => {
      const missing = { ...asBackup, ...toFolder(), storeFolder: join(folder, 'not-mounted') };
      for (const action of ['probe-store', 'snapshot'] as const) {
        const report = await run(servers, action, missing);
        expect(report, action).to.deep.include({ outcome: 'failed' });
        expect(report.reason, report.message).not.to.equal('Unexpected');
      }
    });
  });

  describe('step-down', () => {
    it('does nothing when the pod does not lead', async () => {
      const { leader, followers } = await others();
      const report = await run(servers, 'step-down', { pod: followers[0] });
      expect(report).to.deep.include({ outcome: 'done', reason: 'NotLeading', data: { leader } });
      expect(await leaderOf(servers)).to.equal(leader);
    });

    it('is refused while no other voter is seen to be healthy', async () => {
      const { leader, followers } = await others();
      const member = [{ pod: leader, url: servers.urls.get(leader) ?? '' }, ...followers.map(nowhere)];
      const report = await run(servers, 'step-down', { pod: leader, member, timeoutSeconds: 3 });
      expect(report).to.deep.include({ outcome: 'refused', reason: 'NoHealthyVoter' });
      expect(report.message).to.contain(`${followers[0]} did not answer, ${followers[1]} did not answer`);
      expect(await leaderOf(servers)).to.equal(leader);
    });

    it('hands over to another voter, and a second run finds it done', async () => {
      const { leader, followers } = await others();
      const report = await run(servers, 'step-down', { pod: leader });
      expect(report).to.deep.include({ outcome: 'done', reason: 'SteppedDown' });
      expect(followers).to.include(report.data?.['leader']);
      expect(await leaderOf(servers)).to.equal(report.data?.['leader']);
      const again = await run(servers, 'step-down', { pod: leader });
      expect(again).to.deep.include({ outcome: 'done', reason: 'NotLeading' });
    });

    describe('when its answer is lost', () => {
      /** The members, but what the leader answers to a step-down never comes back. */
      async function withLostAnswer(leader: string, isDelivered: boolean, timeoutSeconds: number) {
        const nodes = [...servers.urls].map(([pod, url]) => connectOpenBao({ pod, url }));
        let calls = 0;
        const members = new Map(nodes.map((node) => [node.pod, node]));
        const node = members.get(leader);
        if (node === undefined) throw new Error(`${leader} is not a member`);
        members.set(leader, {
          ...node,
          async stepDown(token) {
            calls += 1;
            if (isDelivered) await node.stepDown(token);
            throw new OpenBaoError('PUT sys/step-down: socket hang up', { reason: 'Reset', pod: leader });
          },
        });
        const hosts = new Map([...servers.urls].map(([pod, url]) => [new URL(url).host, pod]));
        const role = 'rollguard-upgrade';
        const token = servers.tokenOf('prod-upgrade-serviceaccount');
        const session = openBaoSession(role, () => Promise.resolve(token));
        const report = await stepDown(
          {
            cluster: 'prod',
            members,
            podOf: (address) => hosts.get(URL.parse(address)?.host ?? ''),
            role,
            session,
            deadline: deadlineIn(timeoutSeconds * 1000, new AbortController().signal),
            log: silent,
          },
          leader,
        );
        await session.end();
        await Promise.all(nodes.map((each) => each.close()));
        return { report, calls };
      }

      it('is settled by who leads then', async () => {
        // Two within 10 s cost an outage of 10 s (docs/facts/openbao-measured.md, 0.5).
        await sleep(11_000);
        const { leader, followers } = await others();
        const { report, calls } = await withLostAnswer(leader, true, 30);
        expect(report).to.deep.include({ outcome: 'done', reason: 'SteppedDown' });
        expect(followers).to.include(report.data?.['leader']);
        expect(calls).to.equal(1);
      });

      it('is never called twice, and fails when the pod still leads', async () => {
        const { leader } = await others();
        const { report, calls } = await withLostAnswer(leader, false, 3);
        expect(report).to.deep.include({ outcome: 'failed', reason: 'StepDownUnconfirmed' });
        expect(report.message).to.contain('socket hang up').and.contain(`${leader} leads`);
        expect(calls).to.equal(1);
      });
    });

    it('is refused for a pod that is not among the members', async () => {
      const report = await run(servers, 'step-down', { pod: 'prod-10' });
      expect(report).to.deep.include({ outcome: 'refused', reason: 'UnknownMember' });
    });

    it('says which flag is missing', async () => {
      const report = await run(servers, 'step-down');
      expect(report).to.deep.include({
        outcome: 'failed',
        reason: 'InvalidFlags',
        message: '--pod is missing',
      });
    });
  });

  describe('remove-peer', () => {
    it('refuses a name that no pod of the cluster has', async () => {
      for (const pod of ['prod-1b8e-0', 'production-1', 'prod-01', 'prod']) {
        const report = await run(servers, 'remove-peer', { pod });
        expect(report, pod).to.deep.include({ outcome: 'refused', reason: 'UnknownMember' });
      }
    });

    it('refuses the leader', async () => {
      const report = await run(servers, 'remove-peer', { pod: await leaderOf(servers) });
      expect(report).to.deep.include({ outcome: 'refused', reason: 'PeerLeads' });
    });

    it('finds it done when the peer is not there', async () => {
      const report = await run(servers, 'remove-peer', { pod: 'prod-7' });
      expect(report).to.deep.include({ outcome: 'done', reason: 'AlreadyAbsent' });
      expect(report.data).to.deep.equal({ members: ['prod-0', 'prod-1', 'prod-2'] });
    });

    it('leaves one alone that has recovered, when it is to go for its lost disk only', async () => {
      const { followers } = await others();
      const report = await run(servers, 'remove-peer', { pod: followers[0], onlyWhileSealed: true });
      expect(report).to.deep.include({ outcome: 'refused', reason: 'MemberRecovered' });
      const absent = await run(servers, 'remove-peer', { pod: 'prod-7', onlyWhileSealed: true });
      expect(absent.data).to.deep.equal({ members: ['prod-0', 'prod-1', 'prod-2'] });
    });

    it('looks once more right before the call, for one that recovers meanwhile', async () => {
      const { followers } = await others();
      const [pod] = followers;
      const nodes = [...servers.urls].map(([name, url]) => connectOpenBao({ pod: name, url }));
      const members = new Map(nodes.map((node) => [node.pod, node]));
      let looks = 0;
      let removals = 0;
      for (const node of nodes) {
        members.set(node.pod, {
          ...node,
          async health(options) {
            const health = await node.health(options);
            if (node.pod !== pod) return health;
            looks += 1;
            return { ...health, sealed: looks <= 2 };
          },
          removePeer() {
            removals += 1;
            return Promise.resolve();
          },
        });
      }
      const hosts = new Map([...servers.urls].map(([name, url]) => [new URL(url).host, name]));
      const role = 'rollguard-upgrade';
      const token = servers.tokenOf('prod-upgrade-serviceaccount');
      const session = openBaoSession(role, () => Promise.resolve(token));
      const report = await removePeer(
        {
          cluster: 'prod',
          members,
          podOf: (address) => hosts.get(URL.parse(address)?.host ?? ''),
          role,
          session,
          deadline: deadlineIn(10_000, new AbortController().signal),
          log: silent,
        },
        pod,
        { onlyWhileSealed: true },
      );
      await session.end();
      await Promise.all(nodes.map((each) => each.close()));
      expect(report).to.deep.include({ outcome: 'refused', reason: 'MemberRecovered' });
      expect({ looks, removals }).to.deep.equal({ looks: 3, removals: 0 });
    });

    it('refuses to take one of two healthy voters; removes the dead one, once', async () => {
      const { followers } = await others();
      const [dead, healthy] = followers;
      await servers.kill(dead);
      const risky = await run(servers, 'remove-peer', { pod: healthy, timeoutSeconds: 3 });
      expect(risky).to.deep.include({ outcome: 'refused', reason: 'QuorumAtRisk' });
      expect(risky.message).to.contain(`${dead} did not answer`);

      const report = await run(servers, 'remove-peer', { pod: dead });
      expect(report).to.deep.include({ outcome: 'done', reason: 'Removed' });
      expect(report.data?.['members']).to.have.members(
        [...servers.urls.keys()].filter((pod) => pod !== dead),
      );
      const again = await run(servers, 'remove-peer', { pod: dead });
      expect(again).to.deep.include({ outcome: 'done', reason: 'AlreadyAbsent' });
    });
  });
});

/** Tokens that live now and were given to a role. */
async function accessorsOf(servers: OpenBaoServers, role: string): Promise<readonly string[]> {
  const url = servers.urls.get(await leaderOf(servers)) ?? '';
  const token = servers.tokenOf('tester');
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await answer.json()) as { auth?: { client_token: string }; data?: { meta?: { role?: string } } };
  };
  const login = await post('auth/jwt-operator/login', { role: 'tester', jwt: token });
  const headers = { 'x-vault-token': login.auth?.client_token ?? '' };
  const answer = await fetch(`${url}/v1/auth/token/accessors?list=true`, { headers });
  const { data } = (await answer.json()) as { data: { keys: readonly string[] } };
  const roles = await Promise.all(
    data.keys.map(async (accessor) => {
      const found = await post('auth/token/lookup-accessor', { accessor }, headers);
      return found.data?.meta?.role ?? '';
    }),
  );
  return roles.filter((each) => each === role);
}
