import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { freePorts } from '../support/free-ports.ts';
import { createKeyPair } from '../support/key-pair.ts';
import { packageRoot } from '../../packaging/package-root.ts';

/** Loaded before the program: SIGUSR2 is a promise that is rejected and that nobody looks at. */
const injection = `data:text/javascript,process.on('SIGUSR2', () => void Promise.reject(new Error('rejected unseen')))`;

const unreachable = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'none', user: {} }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  'current-context': 'none',
};

describe('a promise that is rejected and that nobody looks at, in the program', () => {
  let folder: string;
  let started: ChildProcess | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rollguard-rejections-'));
    writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(unreachable));
    const { cert, key } = await createKeyPair();
    writeFileSync(join(folder, 'tls.crt'), cert);
    writeFileSync(join(folder, 'tls.key'), key);
  });

  afterEach(() => void started?.kill('SIGKILL'));
  after(() => rmSync(folder, { recursive: true }));

  async function start(...args: readonly string[]) {
    const [statusPort = 0] = await freePorts(1);
    const program = join(packageRoot, 'src/main.ts');
    const flags = [`--status-port=${statusPort}`, `--kubeconfig=${join(folder, 'kubeconfig')}`];
    const child = spawn(process.execPath, ['--import', injection, program, ...args, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started = child;
    const log = text(child.stdout);
    const metrics = async () => {
      const answer = await fetch(`http://127.0.0.1:${statusPort}/metrics`).catch(() => undefined);
      return answer?.text();
    };
    while ((await metrics()) === undefined) {
      if (child.exitCode !== null) throw new Error(`it ended: ${await log}`);
      await sleep(50);
    }
    return { child, log, metrics };
  }

  it('is logged and counted by the webhook, which goes on', async () => {
    const [port = 0] = await freePorts(1);
    const { child, log, metrics } = await start('webhook', `--port=${port}`, `--tls-dir=${folder}`);
    child.kill('SIGUSR2');
    const isCounted = async () => /^rollguard_unhandled_rejections_total 1$/m.test((await metrics()) ?? '');
    while (!(await isCounted())) await sleep(20);
    child.kill('SIGKILL');
    expect(await log)
      .to.contain('rejected unseen')
      .and.match(/"level":50/);
  });

  it('is logged by the controller, which ends in good order, with 1', async () => {
    const { child, log } = await start('controller', '--namespace=bao', '--executor-image=rollguard');
    const ended = once(child, 'exit');
    child.kill('SIGUSR2');
    expect(await ended).to.deep.equal([1, null]);
    expect(await log)
      .to.contain('rejected unseen')
      .and.contain('"msg":"stopped"');
  });
});
