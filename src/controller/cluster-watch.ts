import type { Job, KubernetesObject, PersistentVolumeClaim, Pod, StatefulSet } from '../api/kubernetes.ts';
import { clusterLabel } from '../api/labels.ts';
import type { ClusterCaches } from '../io/cluster-caches.ts';
import type { StreamingClient } from '../io/kubernetes.ts';
import type { Logger } from '../io/logger.ts';
import { collectionPath } from '../io/resources.ts';
import { informer, type Informer, type InformerOptions } from './informer.ts';
import { source, type Source } from './run.ts';
import { identityOf, podAsRead } from './trim.ts';

export const openBaoClusterKind = { apiVersion: 'openbao.org/v1alpha1', kind: 'OpenBaoCluster' } as const;

/** Kinds of children that are watched by name and version alone; Secrets are not watched at all. */
const renderedKinds = [
  ['v1', 'ConfigMap'],
  ['v1', 'Service'],
  ['v1', 'ServiceAccount'],
  ['rbac.authorization.k8s.io/v1', 'Role'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['policy/v1', 'PodDisruptionBudget'],
] as const;

/** The informers of OpenBaoCluster and its children. */
export interface ClusterWatch {
  readonly clusters: Informer<KubernetesObject>;
  readonly caches: ClusterCaches;
  /** What brings a cluster back to mind: itself, and each of its children. */
  readonly sources: readonly Source[];
}

/** `namespace/name` of the cluster whose label an object carries. */
const ownerOf = ({ metadata }: KubernetesObject): string | undefined => {
  const cluster = metadata?.labels?.[clusterLabel];
  return cluster === undefined ? undefined : `${metadata?.namespace}/${cluster}`;
};

const keyOf = ({ namespace, name }: { readonly namespace?: string; readonly name: string }) =>
  `${namespace}/${name}`;

/** A child brings its cluster back to mind. */
const sourceOf = <T extends KubernetesObject>(children: Informer<T>): Source =>
  source(children, (object) => {
    const owner = ownerOf(object);
    return owner === undefined ? [] : [owner];
  });

/** Nothing is read before the informers run. */
export function watchClusters(client: StreamingClient, logger: Logger): ClusterWatch {
  const children = <T extends KubernetesObject>(
    apiVersion: string,
    kind: string,
    kept: Pick<InformerOptions<T>, 'metadataOnly' | 'trim'> = {},
  ) =>
    informer<T>({
      client,
      path: collectionPath(apiVersion, kind),
      labelSelector: clusterLabel,
      groupOf: ownerOf,
      logger,
      ...kept,
    });
  const { apiVersion, kind } = openBaoClusterKind;
  const clusters = informer<KubernetesObject>({ client, path: collectionPath(apiVersion, kind), logger });
  const statefulSets = children<StatefulSet>('apps/v1', 'StatefulSet');
  const pods = children<Pod>('v1', 'Pod', { trim: podAsRead });
  const claims = children<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', { metadataOnly: true });
  const jobs = children<Job>('batch/v1', 'Job');
  const others = new Map(
    renderedKinds.map(([version, of]) => [
      `${version}/${of}`,
      children(version, of, { metadataOnly: true, trim: identityOf }),
    ]),
  );
  return {
    clusters,
    caches: {
      statefulSet: (key) => statefulSets.get(keyOf(key)),
      pods: (key) => pods.inGroup(keyOf(key)),
      claims: (key) => claims.inGroup(keyOf(key)),
      jobs: (key) => jobs.inGroup(keyOf(key)),
      child: (target) =>
        target.kind === 'StatefulSet'
          ? statefulSets.get(keyOf(target))
          : others.get(`${target.apiVersion}/${target.kind}`)?.get(keyOf(target)),
    },
    sources: [
      source(clusters, ({ metadata }) => [`${metadata?.namespace}/${metadata?.name}`]),
      sourceOf(statefulSets),
      sourceOf(pods),
      sourceOf(claims),
      sourceOf(jobs),
      ...[...others.values()].map(sourceOf),
    ],
  };
}
