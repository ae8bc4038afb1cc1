import { setTimeout as sleep } from 'node:timers/promises';
import type { Ground } from '../cluster/test-cluster.ts';
import { succeed } from './gate.ts';

/** A pod of a suite before may take its grace period to go. */
const goneTimeoutMs = 120_000;

/**
 * Gives the ground a namespace. Suites that share a ground remove theirs without waiting, and two of them may follow
 * documents that name the same: one that is going is waited for.
 *
 * @throws Error when it does not go, or cannot be made
 */
export async function provideNamespace(ground: Ground, name: string): Promise<void> {
  const deadline = Date.now() + goneTimeoutMs;
  for (;;) {
    const { code, stderr } = await ground.kubectl(['create', 'namespace', name]);
    if (code === 0) return;
    if (!stderr.includes('(AlreadyExists)')) throw new Error(`namespace ${name}: ${stderr}`);
    const phase = ['get', 'namespace', name, '--ignore-not-found', '-o', 'jsonpath={.status.phase}'];
    if ((await succeed(ground.kubectl(phase))).stdout === 'Active') return;
    if (Date.now() > deadline) throw new Error(`namespace ${name} is still going`);
    await sleep(500);
  }
}
