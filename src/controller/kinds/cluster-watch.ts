import type { Job, KubernetesObject, PersistentVolumeClaim, Pod, StatefulSet } from '../../api/kubernetes.ts';
import { clusterLabel } from '../../api/labels.ts';
import type { OpenBaoRestore } from '../../api/openbaorestore.ts';
import type { ClusterCaches } from '../../io/kubernetes/cluster-caches.ts';
import { madeJobs, type MadeJobs } from '../../io/kubernetes/made-jobs.ts';
import type { StreamingClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { collectionPath } from '../../io/kubernetes/resources.ts';
import { keyOf } from '../runtime/cache.ts';
import { childrenOf, group } from './children.ts';
import { informer, type Informer } from '../runtime/informer.ts';
import { source, type Source } from '../runtime/run.ts';
import { claimAsRead, identityOf, labelled, podAsRead, withoutManagedFields } from '../runtime/trim.ts';

export const openBaoRestoreKind = { apiVersion: 'openbao.org/v1alpha1', kind: 'OpenBaoRestore' } as const;
export const openBaoClusterKind = { apiVersion: 'openbao.org/v1alpha1', kind: 'OpenBaoCluster' } as const;

/** Kinds of children that are watched by name and version alone; Secrets are not watched at all. */
const renderedKinds = [
  ['v1', 'ConfigMap'],
  ['v1', 'Service'],
  ['v1', 'ServiceAccount'],
  ['rbac.authorization.k8s.io/v1', 'Role'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
] as const;

/** The informers of OpenBaoCluster and its children. */
export interface ClusterWatch {
  readonly clusters: Informer<KubernetesObject>;
  /** OpenBaoRestores, in groups by `clusterKeyOf`; their own controller runs this informer. */
  readonly restores: Informer<KubernetesObject>;
  /** With their labels, which say whether the gate guards what is in them. */
  readonly namespaces: Informer<KubernetesObject>;
  readonly caches: ClusterCaches;
  /** The Jobs that this process has made for clusters and their restores. */
  readonly made: MadeJobs;
  /** What brings a cluster back to mind: itself, and each of its children. */
  readonly sources: readonly Source[];
}

/** Of the cluster that a restore names. */
export const clusterKeyOf = (restore: KubernetesObject): string =>
  `${restore.metadata?.namespace}/${(restore as Partial<OpenBaoRestore>).spec?.cluster}`;

/** Nothing is read before the informers run. */
export function watchClusters(client: StreamingClient, logger: Logger): ClusterWatch {
  const { children, sourceOf } = childrenOf(clusterLabel, client, logger);
  const { apiVersion, kind } = openBaoClusterKind;
  const clusters = informer<KubernetesObject>({ client, path: collectionPath(apiVersion, kind), logger });
  const restores = informer<KubernetesObject>({
    client,
    path: collectionPath(openBaoRestoreKind.apiVersion, openBaoRestoreKind.kind),
    groupOf: clusterKeyOf,
    logger,
  });
  // Managed fields say who has written their image (src/core/workload/stateful-set.ts).
  const statefulSets = children<StatefulSet>('apps/v1', 'StatefulSet', { trim: (object) => object });
  const pods = children<Pod>('v1', 'Pod', { trim: podAsRead });
  const claims = children<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', { trim: claimAsRead });
  const jobs = children<Job>('batch/v1', 'Job');
  const others = new Map<string, Informer<KubernetesObject>>(
    renderedKinds.map(([version, of]) => [
      `${version}/${of}`,
      children(version, of, { metadataOnly: true, trim: identityOf }),
    ]),
  );
  // Whole: what it lets through is read of it.
  others.set(
    'policy/v1/PodDisruptionBudget',
    children<KubernetesObject>('policy/v1', 'PodDisruptionBudget', { trim: withoutManagedFields }),
  );
  const namespaces = informer<KubernetesObject>({
    client,
    path: collectionPath('v1', 'Namespace'),
    metadataOnly: true,
    trim: labelled,
    logger,
  });
  return {
    clusters,
    restores,
    namespaces,
    made: madeJobs(),
    caches: {
      statefulSet: (key) => statefulSets.get(keyOf({ metadata: key })),
      statefulSets: group(statefulSets),
      pods: group(pods),
      claims: group(claims),
      jobs: group(jobs),
      child: (target) =>
        target.kind === 'StatefulSet'
          ? statefulSets.get(keyOf({ metadata: target }))
          : others.get(`${target.apiVersion}/${target.kind}`)?.get(keyOf({ metadata: target })),
    },
    sources: [
      source(clusters, (object) => [keyOf(object)]),
      sourceOf(statefulSets),
      sourceOf(pods),
      sourceOf(claims),
      sourceOf(jobs),
      ...[...others.values()].map(sourceOf),
      source(namespaces, ({ metadata }) =>
        [...clusters.values()].filter((each) => each.metadata?.namespace === metadata?.name).map(keyOf),
      ),
    ],
  };
}
