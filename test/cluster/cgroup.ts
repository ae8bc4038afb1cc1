import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

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

/** Removes the cgroup and those below it. Their processes have been killed and may still be on their way out. */
export async function removeCgroup(name: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (const root of hierarchies()) {
    const directory = join(root, name);
    while (existsSync(directory)) {
      try {
        removeTree(directory);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await delay(50);
      }
    }
  }
}

/** A cgroup's files cannot be removed, they go with their directory: rmdir from the leaves up. */
function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}
