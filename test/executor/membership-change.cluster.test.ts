import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { RaftServer } from '../../src/core/model/observation.ts';
import type { ExecutorReport } from '../../src/core/jobs/executor-report.ts';
import type { ExecutorAction, Halves } from '../../src/core/jobs/step.ts';
import type { ExecutorFlags } from '../../src/executor/run.ts';
import { connectOpenBao } from '../../src/io/openbao/node.ts';
import { leaderOf, run } from './run-action.ts';
import {
  openBaoKind,
  pairsAcross,
  startOpenBao,
  testerRole,
  versionsOf,
  type OpenBaoServers,
} from './openbao-servers.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const halvesOf = (size: number): Halves => ({
  blue: Array.from({ length: size }, (_, ordinal) => `prod-${ordinal}`),
  green: Array.from({ length: size }, (_, ordinal) => `prod-1b8e-${ordinal}`),
});

const data = (report: ExecutorReport) => {
  expect(report, JSON.stringify(report)).to.deep.include({ outcome: 'done' });
  return report.data as { leader: string; voters: string[]; members: string[]; changes: string[] };
};

/** The membership, as the leader has it. */
async function servers(cluster: OpenBaoServers): Promise<readonly RaftServer[]> {
  const pod = await leaderOf(cluster);
  const node = connectOpenBao({ pod, url: cluster.urls.get(pod) ?? '' });
  try {
    const { token } = await node.login(testerRole, cluster.tokenOf('tester'));
    return (await node.raftConfiguration(token)).servers;
  } finally {
    await node.close();
  }
}

const votersIn = (membership: readonly RaftServer[]) =>
  membership.filter(({ voter }) => voter).map(({ id }) => id);

/**
 * Runs the executor as its Job does, in a process of its own, until `when`: then it is killed, or told to end.
 *
 * @returns its report; none of one that was killed
 */
async function endedWhen(
  cluster: OpenBaoServers,
  { blue, green }: Halves,
  signal: 'SIGKILL' | 'SIGTERM',
  when: (membership: readonly RaftServer[]) => boolean,
): Promise<ExecutorReport | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'rollguard-executor-'));
  await writeFile(join(folder, 'token'), cluster.tokenOf('prod-upgrade-serviceaccount'));
  const child = spawn(
    process.execPath,
    [
      main,
      'executor',
      'hand-over-to-green',
      '--cluster=prod',
      '--namespace=bao',
      ...[...cluster.urls].map(([pod, url]) => `--member=${pod}=${url}`),
      ...blue.map((pod) => `--blue=${pod}`),
      ...green.map((pod) => `--green=${pod}`),
      `--token-file=${join(folder, 'token')}`,
      `--report-file=${join(folder, 'report')}`,
      '--timeout-seconds=60',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  try {
    while (!when(await servers(cluster)) && child.exitCode === null) await sleep(50);
    expect(child.exitCode, 'it ended by itself').to.equal(null);
    child.kill(signal);
    await ended;
    return signal === 'SIGKILL'
      ? undefined
      : (JSON.parse(await readFile(join(folder, 'report'), 'utf8')) as ExecutorReport);
  } finally {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true });
  }
}

describe(`the swap of two halves, on ${openBaoKind}`, function () {
  const halves = halvesOf(3);
  const { blue, green } = halves;
  let cluster: OpenBaoServers;
  const act = (action: ExecutorAction, flags: Partial<ExecutorFlags> = {}) =>
    run(cluster, action, { ...halves, timeoutSeconds: 100, ...flags });

  before(async () => {
    const [oldest, newest] = versionsOf();
    cluster = await startOpenBao(3, undefined, oldest);
    await cluster.join(green, newest);
  });
  after(async () => {
    await cluster?.stop();
  });

  it('begins with all the rights it needs', async () => {
    expect(await act('preflight', { movesVotes: true })).to.deep.include({ reason: 'Ready' });
    const backup = { role: 'rollguard-backup', serviceAccount: 'prod-backup-serviceaccount' };
    const lacking = await run(cluster, 'preflight', { ...backup, movesVotes: true });
    expect(lacking).to.deep.include({ outcome: 'failed', reason: 'PermissionMissing' });
  });

  it('refuses to begin while a green does not answer, and changes nothing', async () => {
    const before = await servers(cluster);
    const member = [...cluster.urls].map(([pod, url]) => ({
      pod,
      url: pod === green[2] ? 'http://127.0.0.1:9' : url,
    }));
    const report = await act('hand-over-to-green', { member, timeoutSeconds: 3 });
    expect(report).to.deep.include({ outcome: 'refused', reason: 'MembershipUnsafe' });
    expect(report.message).to.equal(`${green[2]} did not answer; nothing was changed`);
    expect(await servers(cluster)).to.deep.equal(before);
  });

  it('refuses sides that are not whole: a member of neither, a pod that is no member', async () => {
    const stranger = await act('hand-over-to-green', {
      blue: blue.slice(0, 2),
      green: green.slice(0, 2),
      timeoutSeconds: 2,
    });
    expect(stranger.message).to.contain('is a member, but of neither side');
    const absent = await act('hand-over-to-green', {
      blue: [...blue, 'prod-3'],
      green: [...green, 'prod-1b8e-3'],
      timeoutSeconds: 2,
    });
    expect(absent.message).to.contain('prod-1b8e-3 is not a member');
    for (const report of [stranger, absent]) expect(report.outcome).to.equal('refused');
    expect(votersIn(await servers(cluster))).to.have.members(blue);
  });

  it('never removes a half that votes (openbao-operator.md, 7.1, 1)', async () => {
    const report = await act('remove-blue-peers', { timeoutSeconds: 2 });
    expect(report).to.deep.include({ outcome: 'refused', reason: 'MembershipUnsafe' });
    expect(report.message).to.contain('still votes');
    expect(await servers(cluster)).to.have.length(6);
  });

  it('switches the removal of dead servers off, and sees that it is', async () => {
    expect(await act('dead-server-cleanup', { state: 'off' })).to.deep.include({ reason: 'AlreadySet' });
    // OpenBao wants min_quorum first, and says so.
    const report = await act('dead-server-cleanup', { state: 'on', timeoutSeconds: 3 });
    expect(report.outcome).to.equal('failed');
    expect(report.message).to.contain('min_quorum');
    expect(report.reason).to.equal('CallRefused');
    await configureAutopilot(cluster, { cleanup_dead_servers: true, min_quorum: 3 });
    for (const state of ['off', 'on', 'off'] as const) {
      const changed = await act('dead-server-cleanup', { state });
      expect(changed, state).to.deep.include({ outcome: 'done', reason: 'AutopilotConfigured' });
    }
    expect(await act('dead-server-cleanup', { state: 'off' })).to.deep.include({ reason: 'AlreadySet' });
  });

  it('goes on where an executor was killed between two changes, and stops between two when it is told to end', async () => {
    const before = await leaderOf(cluster);
    await endedWhen(cluster, halves, 'SIGKILL', (membership) =>
      votersIn(membership).includes(green[0] ?? ''),
    );
    const voted = votersIn(await servers(cluster));
    const report = await endedWhen(
      cluster,
      halves,
      'SIGTERM',
      (membership) => votersIn(membership).join() !== voted.join(),
    );
    expect(report?.outcome, JSON.stringify(report)).to.be.oneOf(['failed', 'refused']);
    const { changes = [] } = (report?.data ?? {}) as { changes?: string[] };
    expect(changes).not.to.include.members([`promote ${green[0]}`]);
    expect(changes).not.to.include.members([`step-down ${before}`]);
    expect(await leaderOf(cluster)).to.equal(before);
    expect(votersIn(await servers(cluster))).to.include(before);
  });

  it('goes back from there without a change of leadership', async () => {
    const before = await leaderOf(cluster);
    const { voters, leader, changes } = data(await act('repair-consensus'));
    expect(voters).to.have.members(blue);
    expect(leader).to.equal(before);
    expect(changes.some((change) => change.startsWith('step-down'))).to.equal(false);
  });

  it('gets past the loss of its leader in the middle', async () => {
    const lost = await leaderOf(cluster);
    const running = act('hand-over-to-green');
    while (!votersIn(await servers(cluster)).includes(green[0] ?? '')) await sleep(50);
    await cluster.kill(lost);
    await sleep(4000);
    await cluster.restart(lost);
    const { voters, leader } = data(await running);
    expect(voters).to.have.members(green);
    expect(green).to.include(leader);
  });

  it('goes back from there, whoever leads', async () => {
    const { voters, leader } = data(await act('repair-consensus'));
    expect(voters).to.have.members(blue);
    expect(blue).to.include(leader);
  });

  it('goes back from a demotion of the leader that was recorded, before it stepped down', async () => {
    for (const id of green) await ask(cluster, 'promote', id);
    while (votersIn(await servers(cluster)).length < 6) await sleep(50);
    const leader = await leaderOf(cluster);
    expect(blue).to.include(leader);
    await ask(cluster, 'demote', leader);
    const { changes, voters } = data(await act('repair-consensus'));
    expect(voters).to.have.members(blue);
    expect(changes).to.include(`promote ${leader}`);
  });

  it('hands over to green once, and a second run finds it done', async () => {
    const { leader, voters } = data(await act('hand-over-to-green'));
    expect(voters).to.have.members(green);
    expect(green).to.include(leader);
    expect(await leaderOf(cluster)).to.equal(leader);
    const again = await act('hand-over-to-green');
    expect(data(again).changes).to.deep.equal([]);
    expect(again.message).to.contain('nothing was changed');
    const removal = await act('remove-green-peers', { timeoutSeconds: 2 });
    expect(removal).to.deep.include({ outcome: 'refused', reason: 'MembershipUnsafe' });
    expect(removal.message).to.contain('prod-1b8e-').and.contain('still votes');
  });

  it('goes back after the hand-over, not within 15 s of it', async () => {
    const since = await activeSince(cluster);
    const { changes, leader, voters } = data(await act('repair-consensus'));
    expect(voters).to.have.members(blue);
    expect(blue).to.include(leader);
    expect(changes.filter((change) => change.startsWith('promote'))).to.have.length(3);
    expect(changes.at(-1)).to.match(/^step-down prod-1b8e-|^demote prod-1b8e-/);
    expect((await activeSince(cluster)) - since).to.be.above(15_000);
  });

  it('is refused the way back when blue has no quorum left', async () => {
    data(await act('hand-over-to-green'));
    await Promise.all([cluster.kill('prod-1'), cluster.kill('prod-2')]);
    const report = await act('repair-consensus', { timeoutSeconds: 5 });
    expect(report).to.deep.include({ outcome: 'refused', reason: 'MembershipUnsafe' });
    expect(report.message).to.contain('1 of 3 are healthy members, quorum is 2');
    expect(votersIn(await servers(cluster))).to.have.members(green);
  });

  it('removes the half that is left, also where it does not answer', async () => {
    const report = await act('remove-blue-peers');
    expect(data(report).members).to.deep.equal(green);
    expect(data(report).changes).to.deep.equal(blue.map((pod) => `remove ${pod}`));
    expect(data(await act('remove-blue-peers')).changes).to.deep.equal([]);
  });
});

for (const [older, newer] of pairsAcross()) {
  describe(`the swap of two halves from ${older} to ${newer}, green born old, on ${openBaoKind}`, function () {
    const halves = halvesOf(3);
    const { blue, green } = halves;
    let cluster: OpenBaoServers;
    const act = (action: ExecutorAction, flags: Partial<ExecutorFlags> = {}) =>
      run(cluster, action, { ...halves, timeoutSeconds: 100, ...flags });
    const upgrade = async (pod: string) => {
      await cluster.restart(pod, newer);
      const node = connectOpenBao({ pod, url: cluster.urls.get(pod) ?? '' });
      const isBack = async () => {
        const found = await node.health().catch(() => undefined);
        return found?.version === newer && !found.sealed;
      };
      while (!(await isBack())) await sleep(50);
      await node.close();
    };

    before(async () => {
      cluster = await startOpenBao(3, undefined, older);
      await cluster.join(green, older);
    });
    after(async () => {
      await cluster?.stop();
    });

    it('gives all of green votes beside blue, and a second run finds it done', async () => {
      const { voters, changes } = data(await act('promote-green'));
      expect(voters).to.have.members([...blue, ...green]);
      expect(changes).to.deep.equal(green.map((pod) => `promote ${pod}`));
      expect(data(await act('promote-green')).changes).to.deep.equal([]);
    });

    it('goes back from the mix, with blue leading all the while', async () => {
      const before = await leaderOf(cluster);
      await upgrade(green[2] ?? '');
      const { voters, leader } = data(await act('repair-consensus'));
      expect(voters).to.have.members(blue);
      expect(leader).to.equal(before);
      // As a new attempt begins: with members that a leader of blue's version hears.
      await cluster.restart(green[2] ?? '', older);
      expect(data(await act('promote-green')).voters).to.have.length(6);
    });

    it('goes back from the brink: a blue leader gives blue its votes again', async () => {
      for (const pod of green) await upgrade(pod);
      const before = await leaderOf(cluster);
      expect(blue).to.include(before);
      const follower = blue.find((pod) => pod !== before) ?? '';
      await ask(cluster, 'demote', follower);
      while (votersIn(await servers(cluster)).includes(follower)) await sleep(50);
      const { voters, changes } = data(await act('repair-consensus'));
      expect(voters).to.have.members(blue);
      expect(changes).to.include(`promote ${follower}`);
      expect(await leaderOf(cluster)).to.equal(before);
      for (const pod of green) await cluster.restart(pod, older);
      expect(data(await act('promote-green')).voters).to.have.length(6);
      for (const pod of green) await upgrade(pod);
    });

    it('hands over to green, of the target, and removes blue', async () => {
      expect(votersIn(await servers(cluster))).to.have.members([...blue, ...green]);
      const { leader, voters } = data(await act('hand-over-to-green'));
      expect(voters).to.have.members(green);
      expect(green).to.include(leader);
      const late = await act('repair-consensus', { timeoutSeconds: 4 });
      expect(late).to.deep.include({ outcome: 'refused', reason: 'MembershipUnsafe' });
      expect(late.message).to.contain('across 2.6 it would get no vote');
      expect(data(await act('remove-blue-peers')).members).to.deep.equal(green);
    });
  });
}

describe(`the swap of two single members, on ${openBaoKind}`, function () {
  const halves = halvesOf(1);
  let cluster: OpenBaoServers;
  before(async () => {
    cluster = await startOpenBao(1);
    await cluster.join(halves.green);
  });
  after(async () => {
    await cluster?.stop();
  });

  it('ends with green alone', async () => {
    const act = (action: ExecutorAction) => run(cluster, action, { ...halves, timeoutSeconds: 60 });
    expect(data(await act('hand-over-to-green'))).to.deep.include({
      leader: 'prod-1b8e-0',
      voters: halves.green,
    });
    expect(data(await act('remove-blue-peers')).members).to.deep.equal(halves.green);
  });
});

/** Since when the leader leads, in milliseconds. */
async function activeSince(cluster: OpenBaoServers): Promise<number> {
  const pod = await leaderOf(cluster);
  const node = connectOpenBao({ pod, url: cluster.urls.get(pod) ?? '' });
  const { active_time: since = '' } = await node.leader();
  await node.close();
  return Date.parse(since);
}

const ask = (cluster: OpenBaoServers, what: string, id: string) =>
  post(cluster, `sys/storage/raft/${what}`, { server_id: id });

const configureAutopilot = (cluster: OpenBaoServers, body: object) =>
  post(cluster, 'sys/storage/raft/autopilot/configuration', body);

/** A call that a person makes, to the leader. */
async function post(cluster: OpenBaoServers, path: string, body: object): Promise<void> {
  const pod = await leaderOf(cluster);
  const url = cluster.urls.get(pod) ?? '';
  const node = connectOpenBao({ pod, url });
  const { token } = await node.login(testerRole, cluster.tokenOf('tester'));
  await node.close();
  const headers = { 'x-vault-token': token };
  const answer = await fetch(`${url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.ok, await answer.text()).to.equal(true);
}
