import type { PersistentVolume, ResourceQuota, StorageClass } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { Room } from '../../core/model/observation.ts';
import { needsReadyVolumes } from '../../core/upgrade/capacity.ts';
import type { KubernetesClient } from './kubernetes.ts';
import { collectionPath } from './resources.ts';

/** What a second set of members must fit into. @throws Error that fits behind a colon */
export async function readRoom(
  client: Pick<KubernetesClient, 'list'>,
  cluster: OpenBaoCluster,
): Promise<Room> {
  const [quotas, storageClasses] = await Promise.all([
    client.list<ResourceQuota>(collectionPath('v1', 'ResourceQuota', cluster.metadata.namespace)),
    client.list<StorageClass>(collectionPath('storage.k8s.io/v1', 'StorageClass')),
  ]);
  const volumes = needsReadyVolumes(cluster, storageClasses)
    ? await client.list<PersistentVolume>(collectionPath('v1', 'PersistentVolume'))
    : [];
  return { quotas, storageClasses, volumes };
}
