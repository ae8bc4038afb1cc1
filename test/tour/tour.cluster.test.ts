import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { availability } from '../cluster/test-cluster.ts';
import { groundTimeoutMs } from '../cluster/shared.ts';
import { documentedCommands } from '../support/documents.ts';
import { skip } from '../support/skip.ts';
import { tourCommands } from './blue-green.ts';
import { attempts } from './steps.ts';

describe('npm start', function () {
  this.timeout(groundTimeoutMs);

  before(function () {
    if (process.env['KUBECONFIG']) skip(this, 'the tour would change the cluster that KUBECONFIG names');
  });

  /** The tour of an upgrade is shown once for those that look at it; the others end by themselves, with --once. */
  let upgradeTour: ReturnType<typeof run> | undefined;
  const tourOfUpgrade = () => (upgradeTour ??= run(['test/tour/main.ts'], 'Ctrl-C ends it'));

  it('shows each refusal offline and, where a cluster can be had, through kubectl', async () => {
    const { code, output } = await tourOfUpgrade();
    expect(code, output).to.equal(0);
    for (const reason of ['DowngradeBlocked', 'ImageVersionMismatch', 'StaleNonce']) {
      expect(output).to.match(new RegExp(`${reason} at spec`));
    }
    const there = await availability('node');
    if (!there.available) {
      expect(output).to.contain(there.why);
      return;
    }
    for (const { reason } of attempts) {
      if (reason !== undefined) expect(output).to.contain(`Error from server (${reason})`);
    }
  });

  it('-- --tour bluegreen shows an abort, a late rollback, break glass and its end, by every command of the documents', async function () {
    const there = await availability('node');
    if (!there.available) skip(this, `${there.why}; ${there.remedy}`);
    const { code, output } = await run(['test/tour/main.ts', '--once', '--tour', 'bluegreen']);
    expect(code, output).to.equal(0);
    const commands = await tourCommands();
    expect(commands).to.have.length.above(9);
    const nonces = new Set<string>();
    for (const command of commands) {
      const escaped = command
        .replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
        .replaceAll('NONCE', '([0-9a-f]{32})');
      const typed = new RegExp(String.raw`^\$ ${escaped}$`, 'm');
      const [, nonce] = typed.exec(output) ?? [];
      expect(output).to.match(typed);
      if (nonce !== undefined) nonces.add(nonce);
    }
    expect(nonces.size).to.equal(2);
    for (const shown of [
      'Rolling back 2.5.5 → 2.4.4',
      'break glass',
      'TargetRejected',
      '✓ bao/prod  Running 2.5.5',
    ])
      expect(output).to.contain(shown);
  });

  it('-- --tour metadataservices shows releases that roll themselves back, what is refused, and a way back by hand', async function () {
    const there = await availability('node');
    if (!there.available) skip(this, `${there.why}; ${there.remedy}`);
    const { code, output } = await run(['test/tour/main.ts', '--once', '--tour', 'metadataservices']);
    expect(code, output).to.equal(0);
    for (const shown of [
      'Error from server (RollbackTargetEmpty)',
      'Error from server (PermissionRequired)',
      'Warning: release v20241106-000000-invalid is not in status.releaseHistory',
      'release v20241106-000000-invalid not found in history',
      'Automatic rollback: Cleaning up failed deployment (blue)',
      'Rollback complete: Active strategy remains green',
      'NAME      PHASE    ACTIVE   PENDING   VERSION',
    ])
      expect(output).to.contain(shown);
    expect(output).to.match(/^Stalled=True (ErrImagePull|ImagePullBackOff): .*e6data\.io\/rollback-to=v/m);
    expect(output).to.match(
      /^v\d{8}-\d{6}-[0-9a-f]{7} {2}blue {2}1\.0 {2}Active {2}jane 1\.1 answers slowly$/m,
    );
    expect(output).to.match(/\d{3} requests answered, 0 lost, by 1\.0, then 1\.1, then 1\.0\./);
  });

  it('refuses a tour that its cluster cannot show', async () => {
    const { code, output } = await run(
      ['test/tour/main.ts', '--once', '--tour', 'metadataservices'],
      undefined,
      undefined,
      { KUBECONFIG: '/nowhere' },
    );
    expect(code).to.equal(2);
    expect(output).to.contain('unset KUBECONFIG');
  });

  it('refuses a tour that there is none of', async () => {
    const { code, output } = await run(['test/tour/main.ts', '--once', '--tour', 'sunset']);
    expect(code).to.equal(2);
    expect(output).to.contain('upgrade, bluegreen, metadataservices');
  });

  it('stays up until Ctrl-C, says where the kubeconfig is, and leaves nothing', async function () {
    const there = await availability('node');
    if (!there.available) skip(this, `${there.why}; ${there.remedy}`);
    const { code, output } = await tourOfUpgrade();
    expect(code, output).to.equal(0);
    expect(output)
      .to.match(/export KUBECONFIG=\S+/)
      .and.contain('nothing is left behind');
  });
});

describe('rollguard review, as the documents call it', function () {
  it('refuses the sample downgrade and exits 1', async () => {
    const commands = await documentedCommands('docs/reference/review.md');
    expect(commands).to.have.length(1);
    const { code, output } = await run(['-c', commands[0]?.command ?? ''], undefined, 'bash');
    expect(code, output).to.equal(1);
    expect(output).to.contain('DowngradeBlocked');
  });
});

/** Runs a program to its end; where `until` is given, interrupts it (Ctrl-C) once it has said that. */
function run(
  args: readonly string[],
  until?: string,
  program = process.execPath,
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const hear = (chunk: Buffer) => {
      const heard = until !== undefined && output.includes(until);
      output += chunk.toString();
      if (!heard && until !== undefined && output.includes(until)) child.kill('SIGINT');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('close', (code) => resolve({ code, output }));
  });
}
