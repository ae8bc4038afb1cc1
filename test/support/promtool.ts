import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inTemporaryFolder } from '../../packaging/image/archive.ts';
import { cacheDirectory } from '../../packaging/cache.ts';
import { CommandFailed, mustRun, runCommand } from '../../packaging/command.ts';
import { findInPath } from '../cluster/components.ts';
import { skip } from './skip.ts';

/**
 * For a `before` hook: promtool from PATH, or else out of Debian's package `prometheus`, which is
 * unpacked into the cache and not installed, for that would start a server. Skips where neither can be had.
 */
export async function promtool(context: Mocha.Context): Promise<string> {
  context.timeout(300_000);
  const found = findInPath('promtool');
  if (found !== undefined) return found;
  if (findInPath('apt-get') === undefined || findInPath('dpkg-deb') === undefined)
    skip(context, 'promtool is not in PATH; install Prometheus', 'promtool');
  const cached = join(cacheDirectory(), 'promtool', process.arch, 'promtool');
  try {
    if (!existsSync(cached)) await unpack(cached);
    return cached;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return skip(context, `promtool cannot be had: ${error.message}; install Prometheus`, 'promtool');
  }
}

async function unpack(target: string): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const download = () =>
      runCommand('apt-get', ['download', '--quiet', 'prometheus'], { directory: folder });
    // The lists of packages may be absent, or older than what the mirror has.
    if ((await download()).code !== 0) {
      await mustRun('apt-get', ['update', '--quiet']);
      await mustRun('apt-get', ['download', '--quiet', 'prometheus'], { directory: folder });
    }
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? '';
    await mustRun('dpkg-deb', ['--extract', join(folder, archive), join(folder, 'files')]);
    mkdirSync(dirname(target), { recursive: true });
    // Renaming works within one file system only.
    await mustRun('cp', [join(folder, 'files/usr/bin/promtool'), `${target}.${process.pid}`]);
    renameSync(`${target}.${process.pid}`, target);
  });
}
