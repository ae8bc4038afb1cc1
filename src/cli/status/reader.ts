import { clusterLabel } from '../../api/labels.ts';
import type { Pod } from '../../api/kubernetes.ts';
import { parseOpenBaoCluster, type OpenBaoCluster } from '../../api/openbaocluster.ts';
import { known, unknown, type Known } from '../../core/model/known.ts';
import { ApiError, type KubernetesClient } from '../../io/kubernetes/kubernetes.ts';
import { collectionPath, objectPath } from '../../io/kubernetes/resources.ts';

/** What was read of a cluster at one time. */
export interface Reading {
  readonly cluster: OpenBaoCluster;
  readonly pods: Known<readonly Pod[]>;
}

/** Reads one cluster again and again. */
export interface Reader {
  /**
   * @returns undefined when there is no such cluster
   * @throws ApiError when it cannot be read; SchemaViolation when it is not what we know
   */
  read(): Promise<Reading | undefined>;
  close(): Promise<void>;
}

/** Reads by GET on the OpenBaoCluster, the one right that is needed, and a list of its pods where that is allowed. */
export function clusterReader(client: KubernetesClient, namespace: string, name: string): Reader {
  const path = objectPath({ apiVersion: 'openbao.org/v1alpha1', kind: 'OpenBaoCluster', namespace, name });
  // A right that is missing is not asked for every second.
  let forbidden: Known<never> | undefined;
  const readPods = async (): Promise<Known<readonly Pod[]>> => {
    try {
      const query = { labelSelector: `${clusterLabel}=${name}` };
      return known(await client.list<Pod>(collectionPath('v1', 'Pod', namespace), { query }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 403) return unknown(error.message);
      return (forbidden = unknown('you are not permitted to list pods here'));
    }
  };
  return {
    async read() {
      const [cluster, pods] = await Promise.all([client.get(path), forbidden ?? readPods()]);
      return cluster === undefined ? undefined : { cluster: parseOpenBaoCluster(cluster), pods };
    },
    close: () => client.close(),
  };
}
