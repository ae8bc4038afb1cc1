import { readdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where binaries and image layers that take minutes to make are kept, by the hash of what they are made from. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rollguard');
}

const oneDayMs = 24 * 60 * 60 * 1000;

/** Removes what was made more than a day ago. */
export function removeOld(directory: string, isMeant: (name: string) => boolean = () => true): void {
  for (const name of readdirSync(directory).filter(isMeant)) {
    const path = join(directory, name);
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (made < Date.now() - oneDayMs) rmSync(path, { recursive: true, force: true });
  }
}
