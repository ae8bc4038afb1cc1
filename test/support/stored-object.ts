import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import { ApiError, connect, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { watch } from '../../src/io/kubernetes/watch.ts';
import { objectPath } from '../../src/io/kubernetes/resources.ts';
import type { Ground } from '../cluster/contract.ts';

/** One object of a ground, read without a kubectl each time: that would be what loads the machine. */
export interface StoredObject<T> {
  readonly client: KubernetesClient;
  readonly path: string;
  readonly read: () => Promise<T>;
  /** Resolves with the object when it is so. @throws Error that shows its status when it does not become so */
  readonly until: (what: string, isSo: (object: T) => boolean, timeoutMs: number) => Promise<T>;
}

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
      const signal = AbortSignal.timeout(timeoutMs);
      let last: T | undefined;
      while (!signal.aborted) {
        try {
          last = (await client.get<T>(path, { signal })) ?? last;
          if (last !== undefined && isSo(last)) return last;
          const changes = watch<T>(client, path.slice(0, path.lastIndexOf('/')), {
            resourceVersion: last?.metadata?.resourceVersion ?? '',
            query: { fieldSelector: `metadata.name=${target.name}` },
            // What is waited for may hang on more than the object: looked at again now and then.
            timeoutSeconds: 5,
            inactivityMs: 10_000,
            signal,
          });
          for await (const { type, object } of changes) {
            if (type !== 'ADDED' && type !== 'MODIFIED') continue;
            last = object;
            if (isSo(last)) return last;
          }
        } catch (error) {
          if (signal.aborted) break;
          // The API server may be restarting, or have forgotten the version.
          if (!(error instanceof ApiError)) throw error;
          await sleep(100);
        }
      }
      throw new Error(
        `not within ${timeoutMs} ms: ${what}. Status: ${JSON.stringify(last?.status, null, 1)}`,
      );
    },
  };
}
