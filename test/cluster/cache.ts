import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where binaries and image layers that take minutes to make are kept, by the hash of what they are made from. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rollguard');
}
