import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { executorReportOf } from '../../src/core/jobs/executor-report.ts';
import { executorJob } from '../../src/core/jobs/executor-job.ts';
import { executorActions, type ExecutorAction } from '../../src/core/jobs/step.ts';
import { executorCommand } from '../../src/commands/executor.ts';
import { failed, writeReport } from '../../src/executor/report.ts';
import { cluster } from '../support/builders.ts';
import { settings } from '../core/jobs/settings.ts';
import { stepOf } from '../core/jobs/step-of.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('rollguard executor', function () {
  let folder: string;
  let reportFile: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollguard-executor-'));
    reportFile = join(folder, 'termination-log');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function start(...args: readonly string[]) {
    const child = spawn(process.execPath, [main, 'executor', ...args, `--report-file=${reportFile}`]);
    let log = '';
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, log, said }));
    return { child, ended, isLogging: () => log !== '' };
  }
  const report = async () => executorReportOf(await readFile(reportFile, 'utf8'));

  it('takes the flags that its Jobs give it', () => {
    const known = executorCommand().options.map(({ long }) => long);
    const target = {
      provider: 's3',
      caSecretRef: { name: 'ca' },
      credentialsSecretRef: { name: 'credentials' },
    } as const;
    const of = (action: ExecutorAction, provider: 's3' | 'pvc') => {
      const spec = { backup: { target: { ...target, provider, claimName: 'snaps' } } };
      const job = executorJob(cluster(spec), stepOf(action, 'op', 'prod-1'), settings);
      const { containers } = (job as unknown as JobObject).spec.template.spec;
      return containers[0].args.slice(2).map((arg) => arg.split('=')[0]);
    };
    for (const action of executorActions) {
      expect(known, action).to.include.members([...of(action, 's3'), ...of(action, 'pvc')]);
    }
  });

  it('leaves a report and exits with 1 when it cannot do it', async () => {
    const { ended } = await start('step-down', '--cluster=prod', '--namespace=bao', '--pod=prod-0');
    expect((await ended).code).to.equal(1);
    expect(await report()).to.deep.equal({
      outcome: 'failed',
      reason: 'InvalidFlags',
      message: '--token-file is missing',
    });
  });

  it('exits with 0 when it is done', async () => {
    const { ended } = await start(
      'probe-store',
      '--cluster=prod',
      '--namespace=bao',
      '--target={"provider":"pvc","claimName":"snaps"}',
      `--store-folder=${folder}`,
    );
    const { code, log } = await ended;
    expect(code, log).to.equal(0);
    expect(await report()).to.deep.include({ outcome: 'done', reason: 'StoreReady' });
  });

  it('ends when it is told to, with a report', async () => {
    const { child, ended, isLogging } = await start(
      'preflight',
      '--cluster=prod',
      '--namespace=bao',
      '--member=prod-0=http://127.0.0.1:9',
      `--token-file=${join(folder, 'none')}`,
    );
    while (!isLogging() && child.exitCode === null) await sleep(50);
    child.kill('SIGTERM');
    expect((await ended).code).to.equal(1);
    expect(await report()).to.deep.include({ outcome: 'failed', reason: 'PreflightFailed' });
  });

  it('names what is wrong with a flag', async () => {
    const flags = ['--cluster=prod', '--namespace=bao'];
    for (const wrong of ['--member=prod-0=ftp://x', '--timeout-seconds=soon']) {
      const { code, said } = await (await start('preflight', ...flags, wrong)).ended;
      expect(code, wrong).not.to.equal(0);
      expect(said).to.contain(wrong.split('=')[0]).and.contain('must');
    }
  });

  it('keeps a report within what Kubernetes keeps of it', async () => {
    await writeReport(reportFile, failed('Server', '"\n'.repeat(5000)));
    const text = await readFile(reportFile, 'utf8');
    expect(Buffer.byteLength(text)).to.be.below(4096);
    expect(executorReportOf(text)?.reason).to.equal('Server');
  });
});

interface JobObject {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] };
    };
  };
}
