import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** The roots of the cgroup hierarchies: one for version 2, one for each controller for version 1. */
function hierarchies(): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, point]) => point ?? '')
    .filter((point) => existsSync(point));
}

/**
 * Makes the cgroup below which a kubelet keeps its pods (its `cgroupRoot`, which must exist).
 * Each ground has its own: a kubelet removes the pod cgroups it does not know.
 */
export function createCgroup(name: string): void {
  for (const root of hierarchies()) mkdirSync(join(root, name), { recursive: true });
}

/**
 * Removes the cgroup and those below it.
 *
 * @returns whether it is gone: one whose processes are still on their way out stays
 */
export function removeCgroup(name: string): boolean {
  const directories = hierarchies().map((root) => join(root, name));
  for (const directory of directories) {
    try {
      if (existsSync(directory)) removeTree(directory);
    } catch {
      // Busy. What is left says so below.
    }
  }
  return !directories.some((directory) => existsSync(directory));
}

/** A cgroup's files cannot be removed, they go with their directory: rmdir from the leaves up. */
function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}
