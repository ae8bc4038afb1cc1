import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import { connect, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { objectPath } from '../../src/io/kubernetes/resources.ts';
import type { Ground } from '../cluster/contract.ts';

/** One object of a ground, read without a kubectl each time: that would be what loads the machine. */
export interface StoredObject<T> {
  readonly client: KubernetesClient;
  readonly path: string;
  readonly read: () => Promise<T>;
  /**
   * Resolves with the object when it is so.
   *
   * @param timeoutMs on a machine that does nothing else; it is waited for `patience` times as long
   * @throws Error that shows its status when it does not become so
   */
  readonly until: (what: string, isSo: (object: T) => boolean, timeoutMs: number) => Promise<T>;
}

/** Other work on the machine has made a step take thrice as long; who waits longer only learns later of a failure. */
const patience = 3;

export function storedObject<T extends KubernetesObject & { readonly status?: object }>(
  ground: Ground,
  target: Parameters<typeof objectPath>[0],
): StoredObject<T> {
  const client = connect({ kubeconfig: ground.kubeconfig });
  const path = objectPath(target);
  const read = async () => {
    const object = await client.get<T>(path);
    if (object === undefined) throw new Error(`there is no ${target.kind} ${target.name}`);
    return object;
  };
  return {
    client,
    path,
    read,
    async until(what, isSo, timeoutMs) {
      const waitMs = patience * timeoutMs;
      const end = Date.now() + waitMs;
      let last: T | undefined;
      while (Date.now() < end) {
        // The API server may be restarting.
        last = await read().catch(() => last);
        if (last !== undefined && isSo(last)) return last;
        await sleep(100);
      }
      throw new Error(`not within ${waitMs} ms: ${what}. Status: ${JSON.stringify(last?.status, null, 1)}`);
    },
  };
}
