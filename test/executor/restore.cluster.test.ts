import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { ExecutorReport } from '../../src/core/jobs/executor-report.ts';
import { restoreSnapshot } from '../../src/executor/restore-snapshot.ts';
import { openStore } from '../../src/io/object-store.ts';
import { OpenBaoError, type OpenBaoNode } from '../../src/io/openbao/node.ts';
import { skip } from '../support/skip.ts';
import { openBaoKind, startOpenBao, testerRole, type OpenBaoServers } from './openbao-servers.ts';
import { leaderOf, run, withContext } from './run-action.ts';

const asRestore = { role: 'rollguard-restore', serviceAccount: 'prod-restore-serviceaccount' };
const asBackup = { role: 'rollguard-backup', serviceAccount: 'prod-backup-serviceaccount' };
const target = { provider: 'pvc', claimName: 'snaps' } as const;
const name = 'bao/prod/pre-upgrade.snap';

/** A person who may do everything, and logs in once. */
interface Person {
  readonly token: string;
  call(method: string, path: string, body?: object): Promise<{ status: number; data: unknown }>;
}

async function person(servers: OpenBaoServers): Promise<Person> {
  const url = servers.urls.get(await leaderOf(servers)) ?? '';
  const call = async (method: string, path: string, body?: object, token = '') => {
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const said = (text === '' ? {} : JSON.parse(text)) as { data?: unknown; auth?: { client_token: string } };
    return { status: answer.status, data: said.data, token: said.auth?.client_token ?? '' };
  };
  const jwt = servers.tokenOf('tester');
  const { token } = await call('POST', 'auth/jwt-operator/login', { role: testerRole, jwt });
  return { token, call: (method, path, body) => call(method, path, body, token) };
}

async function votersOf(someone: Person): Promise<readonly string[]> {
  const { data } = await someone.call('GET', 'sys/storage/raft/configuration');
  const { servers } = (data as { config: { servers: readonly { node_id: string; voter: boolean }[] } })
    .config;
  return servers
    .filter(({ voter }) => voter)
    .map(({ node_id }) => node_id)
    .toSorted();
}

async function untilVoters(someone: Person, wanted: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await votersOf(someone)).join() === wanted.join()) return;
    await sleep(100);
  }
  expect(await votersOf(someone)).to.deep.equal(wanted);
}

describe(`restoring a snapshot, on ${openBaoKind}`, function () {
  let servers: OpenBaoServers;
  let folder: string;
  let someone: Person;
  let taken: ExecutorReport;
  const all = ['prod-0', 'prod-1', 'prod-2'];
  const stored = () => ({ target: JSON.stringify(target), storeFolder: folder, name });
  const sha256 = () => String(taken.data?.['sha256']);
  const written = async (key: string) => (await someone.call('GET', `kv/${key}`)).data;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollguard-store-'));
    servers = await startOpenBao();
    someone = await person(servers);
    await someone.call('POST', 'sys/mounts/kv', { type: 'kv' });
    await someone.call('POST', 'kv/early', { value: '1' });
    // As in the middle of a blue-green upgrade: the list of non-voters is part of the data.
    await someone.call('POST', 'sys/storage/raft/demote', { server_id: 'prod-2' });
    taken = await run(servers, 'snapshot', { ...asBackup, ...stored() });
    await someone.call('POST', 'sys/storage/raft/promote', { server_id: 'prod-2' });
    await untilVoters(someone, all);
    await someone.call('POST', 'kv/early', { value: '2' });
    await someone.call('POST', 'kv/late', { value: '1' });
  });
  after(async () => {
    await servers?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe('verify-snapshot', () => {
    it('says what a whole one is', async () => {
      const report = await run(servers, 'verify-snapshot', { ...asRestore, ...stored(), sha256: sha256() });
      expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'SnapshotVerified' });
      expect(report.data).to.deep.include({
        name,
        sha256: sha256(),
        size: taken.data?.['size'],
        index: taken.data?.['index'],
      });
      expect(String(report.data?.['storedAt'])).to.match(/^\d{4}-/);
    });

    it('says what is wrong with any other, and what to do', async () => {
      const whole = await readFile(join(folder, name));
      await writeFile(join(folder, 'half.snap'), whole.subarray(0, whole.length >> 1));
      await writeFile(join(folder, 'text.snap'), 'hello');
      const cases = [
        { flags: { name: 'bao/prod/none.snap' }, reason: 'SnapshotMissing', says: 'bao/prod/none.snap' },
        { flags: { sha256: '0'.repeat(64) }, reason: 'WrongSnapshot', says: sha256() },
        { flags: { name: 'half.snap' }, reason: 'Truncated', says: 'Restore another snapshot' },
        { flags: { name: 'text.snap' }, reason: 'NotGzip', says: 'Restore another snapshot' },
      ];
      for (const { flags, reason, says } of cases) {
        const report = await run(servers, 'verify-snapshot', { ...asRestore, ...stored(), ...flags });
        expect(report, report.message).to.deep.include({ outcome: 'failed', reason });
        expect(report.message).to.contain(says);
      }
    });
  });

  describe('restore-snapshot', () => {
    it('changes nothing when it is another snapshot, a torn one, or not allowed', async () => {
      const cases = [
        { flags: { sha256: '0'.repeat(64) }, reason: 'WrongSnapshot' },
        { flags: { name: 'half.snap' }, reason: 'Truncated' },
        { flags: { name: 'bao/prod/none.snap' }, reason: 'NotFound' },
        {
          flags: { role: 'rollguard-upgrade', serviceAccount: 'prod-upgrade-serviceaccount' },
          reason: 'PermissionMissing',
        },
        { flags: { role: 'nobody' }, reason: 'LoginRefused' },
      ];
      for (const { flags, reason } of cases) {
        const order = { ...asRestore, ...stored(), sha256: sha256(), ...flags };
        const report = await run(servers, 'restore-snapshot', order);
        expect(report, report.message).to.deep.include({ outcome: 'refused', reason });
      }
      expect(await written('late')).to.deep.equal({ value: '1' });
    });

    it('is not sent without the sum of what was verified', async () => {
      const report = await run(servers, 'restore-snapshot', { ...asRestore, ...stored() });
      expect(report).to.deep.include({ reason: 'InvalidFlags', message: '--sha256 is missing' });
    });

    describe('when its answer is lost', () => {
      const answerLost = (isDelivered: boolean, timeoutSeconds: number) => {
        let calls = 0;
        const replaced = (node: OpenBaoNode): OpenBaoNode => ({
          ...node,
          async restore(token, upload, options) {
            calls += 1;
            if (isDelivered) await node.restore(token, upload, options);
            throw new OpenBaoError('POST: socket hang up', { reason: 'Reset', pod: node.pod });
          },
        });
        return withContext(servers, { ...asRestore, timeoutSeconds, replaced }, async (context) => {
          const store = openStore(target, { folder });
          const order = { store, name, sha256: sha256(), spool: folder, force: false, seal: 'rollguard-1' };
          const report = await restoreSnapshot(context, order);
          return { report, calls };
        });
      };

      it('is not sent again, and fails when nothing shows that it was restored', async () => {
        await someone.call('POST', 'kv/late', { value: '1' });
        const { report, calls } = await answerLost(false, 4);
        expect(report, report.message).to.deep.include({ outcome: 'failed', reason: 'RestoreUnconfirmed' });
        expect(report.message).to.contain('socket hang up').and.contain('still knows a login of before');
        expect(calls).to.equal(1);
        expect(await written('late')).to.deep.equal({ value: '1' });
      });

      it('is settled by whether the leader knows a login of before', async () => {
        const { report, calls } = await answerLost(true, 60);
        expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'Restored' });
        expect(calls).to.equal(1);
        expect(await written('late')).to.equal(undefined);
      });
    });

    it('brings back what was, takes away what came later, and leaves older tokens alone', async () => {
      await someone.call('POST', 'kv/late', { value: '1' });
      const order = { ...asRestore, ...stored(), sha256: sha256() };
      const report = await run(servers, 'restore-snapshot', { ...order, timeoutSeconds: 60 });
      expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'Restored' });
      expect(report.data).to.deep.include({ name, index: taken.data?.['index'] });
      expect(await written('early')).to.deep.equal({ value: '1' });
      expect(await written('late')).to.equal(undefined);
    });
  });

  describe('repair-membership', () => {
    const voter = [...all, 'prod-7'];

    it('gives back the votes that the list in the snapshot has taken', async () => {
      // In silence, a second or so after the restore (docs/facts/openbao-measured.md, section 7).
      await untilVoters(someone, ['prod-0', 'prod-1']);
      const report = await run(servers, 'repair-membership', { voter });
      expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'MembershipRepaired' });
      expect(report.data).to.deep.equal({ promoted: ['prod-2'], voters: all, absent: ['prod-7'] });
      expect(await votersOf(someone)).to.deep.equal(all);
    });

    it('finds it done', async () => {
      const report = await run(servers, 'repair-membership', { voter: all });
      expect(report.data).to.deep.equal({ promoted: [], voters: all, absent: [] });
    });

    it('says when the role may not', async () => {
      const report = await run(servers, 'repair-membership', { ...asRestore, voter: all });
      expect(report, report.message).to.deep.include({ outcome: 'failed', reason: 'PermissionMissing' });
    });
  });

  describe('into another cluster', () => {
    let fresh: OpenBaoServers;
    afterEach(() => fresh?.stop());

    it('with the same unseal key, brings its data and its roles', async () => {
      fresh = await startOpenBao(3, servers);
      const order = { ...asRestore, ...stored(), sha256: sha256(), timeoutSeconds: 60 };
      const report = await run(fresh, 'restore-snapshot', order);
      expect(report, report.message).to.deep.include({ outcome: 'done', reason: 'Restored' });
      const repaired = await run(fresh, 'repair-membership', { voter: all });
      expect(repaired.data, repaired.message).to.deep.include({ voters: all });
      const there = await person(fresh);
      expect((await there.call('GET', 'kv/early')).data).to.deep.equal({ value: '1' });
    });

    it('with another unseal key, is refused, and nothing is changed', async function () {
      if (openBaoKind === 'the model')
        skip(this, 'the model has no keys: set OPENBAO_DIR to a folder that holds <version>/bao', 'openbao');
      fresh = await startOpenBao();
      const order = { ...asRestore, ...stored(), sha256: sha256(), timeoutSeconds: 60 };
      const report = await run(fresh, 'restore-snapshot', order);
      expect(report, report.message).to.deep.include({ outcome: 'refused', reason: 'SealKeyMismatch' });
      expect((await run(fresh, 'preflight')).outcome).to.equal('done');
      const forced = await run(fresh, 'restore-snapshot', { ...order, force: true, timeoutSeconds: 15 });
      expect(forced, forced.message).to.deep.include({ outcome: 'failed', reason: 'SealedAfterRestore' });
    });
  });
});
