import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../packaging/bundle.ts';
import { cacheDirectory, removeOld } from './cache.ts';
import { packageRoot } from '../support/package-root.ts';

/**
 * The folder of the compiled program as the image holds it: `npm run bundle`, which takes ten seconds on a core, run
 * once for the same program and packages.
 */
export async function programBundle(): Promise<string> {
  const bundles = join(cacheDirectory(), 'bundles');
  const folder = join(bundles, contentKey());
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  try {
    await bundle(join(packageRoot, 'build/src/main.js'), unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    // Who was faster has made the same.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  // Each change of the program leaves one behind.
  removeOld(bundles);
  return folder;
}

/** Of what a bundle is made from. */
function contentKey(): string {
  const hash = createHash('sha256').update(readFileSync(join(packageRoot, 'package-lock.json')));
  const compiled = globSync('build/{src,webhooks,certs,packaging}/**/*.js', { cwd: packageRoot }).toSorted();
  for (const file of compiled) hash.update(`\0${file}\0`).update(readFileSync(join(packageRoot, file)));
  return hash.digest('hex').slice(0, 16);
}
