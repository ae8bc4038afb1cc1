import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const statement =
  /(?:^|\n)\s*(?:import|export)\s+(?!type\b)[^;'"]*?\bfrom\s+'(\.[^']+)'|(?:^|\n)\s*import\s+'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/g;

/** The files that a file of this package loads when it is run: not those of which it takes types alone. */
export function loadedBy(file: string): readonly string[] {
  const source = readFileSync(file, 'utf8');
  return Array.from(
    source.matchAll(statement),
    ([, from, bare, dynamic]) => posix.join(posix.dirname(file), from ?? bare ?? dynamic ?? ''),
    // A text that a test writes may look like an import, too.
  ).filter((path) => path.endsWith('.ts') && existsSync(path));
}

/** All files that a file loads, directly or not, each with the file that loads it first. */
export function reachedFrom(file: string, loaded = loadedBy): ReadonlyMap<string, string> {
  const reached = new Map<string, string>();
  const open = [file];
  for (const by of open) {
    for (const path of loaded(by)) {
      if (path === file || reached.has(path)) continue;
      reached.set(path, by);
      open.push(path);
    }
  }
  return reached;
}

/** `loadedBy` that reads each file once. */
export function loadedOnce(): typeof loadedBy {
  const known = new Map<string, readonly string[]>();
  return (file) => {
    const loaded = known.get(file) ?? loadedBy(file);
    known.set(file, loaded);
    return loaded;
  };
}
