import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, signal, waitUntilEnded } from './processes.ts';
import { skip } from './skip.ts';

/** A disk of a few bytes that nobody else sees, and that goes with this process. */
export interface SmallDisk {
  readonly path: string;
  stop(): Promise<void>;
}

/**
 * A tmpfs in a mount namespace of its own, reached through /proc (proc_pid_root(5)). Skips the suite
 * where there is no right to make one.
 *
 * @param megabytes its size
 * @param access whether it can be written to
 */
export async function ownSmallDisk(
  context: Mocha.Context,
  megabytes: number,
  access: 'rw' | 'ro' = 'rw',
): Promise<SmallDisk> {
  const directory = mkdtempSync(join(tmpdir(), 'rollguard-disk-'));
  const script = `mount -t tmpfs -o ${access},size=${megabytes}m tmpfs "$0" && echo ready && exec sleep infinity`;
  const command = ['--pdeathsig', 'KILL', 'unshare', '--mount', 'sh', '-c', script, directory];
  const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  child.once('error', (error) => (said += error.message));
  const ready = once(child.stdout, 'data').then(() => true);
  const isThere = await Promise.race([
    ready,
    once(child, 'close').then(
      () => false,
      () => false,
    ),
  ]);
  if (!isThere || child.pid === undefined) {
    rmSync(directory, { recursive: true });
    skip(context, `no small disk can be mounted: ${said.trim()}; run as root with CAP_SYS_ADMIN`);
  }
  const holder = identify(child.pid);
  child.unref();
  child.stdout.destroy();
  child.stderr.destroy();
  return {
    path: join('/proc', String(child.pid), 'root', directory),
    async stop() {
      signal(holder, 'SIGKILL');
      await waitUntilEnded([holder], 10_000);
      rmSync(directory, { recursive: true });
    },
  };
}
