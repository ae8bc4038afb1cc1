import type { KubernetesObject } from '../../api/kubernetes.ts';
import { fieldManager } from '../../io/kubernetes/apply.ts';
import type { KubernetesClient } from '../../io/kubernetes/kubernetes.ts';
import { objectPath } from '../../io/kubernetes/resources.ts';
import { namesOf } from './cache.ts';

/** Reads objects of one kind, and writes their status. */
interface StatusClient<Resource extends KubernetesObject> {
  /** The object as the API server has it now; undefined when it is not there. */
  readonly read: (key: string, signal: AbortSignal) => Promise<Resource | undefined>;
  /**
   * Replaces the status of that very object at that very version, and touches nothing else of it.
   *
   * @throws ApiError with 409 when the object has changed since, or is another one of the same name
   */
  readonly writeStatus: (resource: Resource, status: object, signal: AbortSignal) => Promise<Resource>;
}

export function statusClient<Resource extends KubernetesObject>(
  client: Pick<KubernetesClient, 'get' | 'update'>,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): StatusClient<Resource> {
  return {
    read: (key, signal) =>
      client.get<Resource>(objectPath({ apiVersion, kind, ...namesOf(key) }), { signal }),
    writeStatus(resource, status, signal) {
      const { name = '', namespace = '', uid, resourceVersion } = resource.metadata ?? {};
      const body = { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion }, status };
      const path = `${objectPath({ apiVersion, kind, namespace, name })}/status`;
      return client.update<Resource>(path, body, { query: { fieldManager }, signal });
    },
  };
}
