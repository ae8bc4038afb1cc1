import type { KubernetesObject } from '../../api/kubernetes.ts';
import { clusterLabel, componentLabel, components } from '../../api/labels.ts';
import { omit } from '../../api/object-fields.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { managedBy } from '../model/names.ts';

const instanceLabel = 'app.kubernetes.io/instance';
const managedByLabel = 'app.kubernetes.io/managed-by';

/** Labels of everything that belongs to a cluster, and has an owner. */
export const labelsOf = (cluster: OpenBaoCluster): Readonly<Record<string, string>> => ({
  ...ownerlessLabels(cluster),
  [instanceLabel]: cluster.metadata.name ?? '',
});

/**
 * Labels of what outlives its cluster: the unseal key and the volumes. Argo CD, where it tracks by labels, takes what
 * has the instance label and no owner for a part of the application of that name, and prunes it.
 */
export const ownerlessLabels = ({ metadata }: OpenBaoCluster): Readonly<Record<string, string>> => ({
  [clusterLabel]: metadata.name ?? '',
  'app.kubernetes.io/name': 'openbao',
  [managedByLabel]: managedBy,
});

type Labels = Readonly<Record<string, string>> | undefined;

/** Whether these labels of an object without an owner are of an earlier Rollguard, and make it another tool's. */
export const isClaimable = ({ metadata }: OpenBaoCluster, labels: Labels): boolean =>
  labels?.[managedByLabel] === managedBy && labels[instanceLabel] === metadata.name;

/** Without the label that `isClaimable` found. */
export const withoutClaimable = (
  cluster: OpenBaoCluster,
  labels: Labels = {},
): Readonly<Record<string, string>> => (isClaimable(cluster, labels) ? omit(labels, instanceLabel) : labels);

/** Patches that label away. */
export const unclaimed = { metadata: { labels: { [instanceLabel]: null } } };

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
