import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json: this file runs from the sources' tree and, compiled, from below `build`. */
export const packageRoot = findPackageRoot(import.meta.dirname);

function findPackageRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error(`no package.json above ${import.meta.dirname}`);
  return findPackageRoot(parent);
}
