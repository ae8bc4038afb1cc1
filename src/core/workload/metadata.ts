import type { KubernetesObject } from '../../api/kubernetes.ts';
import { clusterLabel, componentLabel, components } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { managedBy } from '../model/names.ts';

/** Labels of everything that belongs to a cluster. */
export const labelsOf = ({ metadata }: OpenBaoCluster): Readonly<Record<string, string>> => ({
  [clusterLabel]: metadata.name ?? '',
  'app.kubernetes.io/name': 'openbao',
  'app.kubernetes.io/instance': metadata.name ?? '',
  'app.kubernetes.io/managed-by': managedBy,
});

/** Selects the members of the Raft cluster: never a Job's pod, which carries the cluster's label too. */
export const memberSelector = ({ metadata }: OpenBaoCluster): Readonly<Record<string, string>> => ({
  [clusterLabel]: metadata.name ?? '',
  [componentLabel]: components.server,
});

type Owner = KubernetesObject & Pick<OpenBaoCluster, 'metadata'>;

/** Its children go with it; what must outlive it has none. */
export const ownerReference = ({ apiVersion, kind, metadata }: Owner) => ({
  apiVersion,
  kind,
  name: metadata.name ?? '',
  uid: metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

/** An object in the cluster's namespace that goes with the cluster. */
export function child(
  cluster: OpenBaoCluster,
  { apiVersion, kind, name }: { readonly apiVersion: string; readonly kind: string; readonly name: string },
  body: object,
): KubernetesObject {
  const metadata = {
    name,
    namespace: cluster.metadata.namespace ?? '',
    labels: labelsOf(cluster),
    ownerReferences: [ownerReference(cluster)],
  };
  return { apiVersion, kind, metadata, ...body };
}
