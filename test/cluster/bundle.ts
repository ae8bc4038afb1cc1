import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundle } from '../../packaging/bundle.ts';
import { packageRoot } from '../../packaging/package-root.ts';
import { cacheDirectory, removeOld } from '../../packaging/cache.ts';

/** What is bundled, beside the packages in package-lock.json. */
const sources = '{src,webhooks,certs}/**/*.{ts,json}';

/** The folder of the program as the image holds it: what `npm run bundle` makes. */
export const programBundle = (): Promise<string> => bundleOf('src/main.ts', [sources]);

/** The controller that crashes where a test says, as one file. */
export const crashingControllerBundle = async (): Promise<string> => {
  const program = 'test/controller-e2e/controller-process.ts';
  return join(await bundleOf(program, [sources, program]), 'controller-process.js');
};

/** The model's `bao`, as one file. */
export const openBaoModelBundle = async (): Promise<string> =>
  join(await bundleOf('test/openbao/server/bao.ts', ['test/openbao/{model,server}/*.ts']), 'bao.js');

/**
 * A bundle in the cache. It takes ten seconds on a core, so it is made once for the same program and packages.
 *
 * @param program its main file, from the root of the package
 * @param from patterns of all files that it is made from
 */
async function bundleOf(program: string, from: readonly string[]): Promise<string> {
  const bundles = join(cacheDirectory(), 'bundles');
  const folder = join(bundles, `${basename(program, '.ts')}-${contentKey(from)}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  try {
    await bundle(join(packageRoot, program), unfinished);
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

function contentKey(from: readonly string[]): string {
  const hash = createHash('sha256').update(readFileSync(join(packageRoot, 'package-lock.json')));
  const files = [...from, 'packaging/*.ts'].flatMap((pattern) => globSync(pattern, { cwd: packageRoot }));
  for (const file of [...new Set(files)].toSorted()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(packageRoot, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
