import type { Ground } from '../cluster/test-cluster.ts';
import { succeed } from './gate.ts';
import { poll } from './polling.ts';

/** A pod of a suite before may take its grace period to go. */
const goneTimeoutMs = 120_000;

/**
 * Gives the ground a namespace. Suites that share a ground remove theirs without waiting, and two of them may follow
 * documents that name the same: one that is going is waited for.
 *
 * @throws Error when it does not go, or cannot be made
 */
export async function provideNamespace(ground: Ground, name: string): Promise<void> {
  const isThere = await poll(
    async () => {
      const { code, stderr } = await ground.kubectl(['create', 'namespace', name]);
      if (code === 0) return true;
      if (!stderr.includes('(AlreadyExists)')) throw new Error(`namespace ${name}: ${stderr}`);
      const phase = ['get', 'namespace', name, '--ignore-not-found', '-o', 'jsonpath={.status.phase}'];
      return (await succeed(ground.kubectl(phase))).stdout === 'Active';
    },
    { leastPauseMs: 500, timeoutMs: goneTimeoutMs },
  );
  if (isThere === undefined) throw new Error(`namespace ${name} is still going`);
}

/** What keeps a namespace from going where no controller runs any more. */
const kindsWithFinalizers = ['secrets', 'openbaoclusters', 'openbaorestores'];

/**
 * For an `after` hook: has a namespace go with all that is in it, and does not wait for that. The unseal keys that
 * Rollguard keeps (docs/clusters.md, "Delete a cluster") are let go, or it never would.
 */
export async function removeNamespace(ground: Ground, name: string): Promise<void> {
  await ground.kubectl(['delete', 'namespace', name, '--wait=false']);
  const inIt = (...args: readonly string[]) => ground.kubectl(['-n', name, ...args]);
  for (const kind of kindsWithFinalizers) {
    // A kind whose CRD is not there has nothing in it.
    const { stdout } = await inIt('get', kind, '-o', namesOfHeld);
    const held = stdout.split(' ').filter((each) => each !== '');
    if (held.length > 0)
      await inIt('patch', kind, ...held, '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  }
}

const namesOfHeld = 'jsonpath={.items[?(@.metadata.finalizers)].metadata.name}';
