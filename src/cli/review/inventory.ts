import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes.ts';
import { clusterLabel, enforceLabel, openbaoGroup } from '../../api/labels.ts';
import { claimsOfMembers } from '../../core/model/revisions.ts';
import { maintenanceEnabled } from '../../core/model/selectors.ts';
import { isObject } from '../manifests/manifest.ts';
import type { Subject } from './subject.ts';

/** An object by its names. */
interface ObjectKey {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface ClusterKey {
  readonly namespace: string;
  readonly name: string;
}

/** The objects that exist, as far as files tell: what the live gate asks the API server for. */
export interface Inventory {
  readonly find: (key: ObjectKey) => Subject | undefined;
  readonly put: (key: ObjectKey, subject: Subject) => void;
  /** Claims of its members, by exact names. */
  readonly volumes: (cluster: ClusterKey) => readonly PersistentVolumeClaim[];
  /** Pods labelled with the cluster's name. */
  readonly pods: (cluster: ClusterKey) => readonly Pod[];
  /** False for a cluster that does not exist. */
  readonly inMaintenance: (cluster: ClusterKey) => boolean;
  /** Whether the namespace is labelled `rollguard.io/enforce: warn`. */
  readonly warnsOnly: (namespace: string) => boolean;
}

export function emptyInventory(): Inventory {
  const subjects = new Map<string, Subject>();
  const find = (key: ObjectKey) => subjects.get(textOf(key));
  return {
    find,
    put: (key, subject) => void subjects.set(textOf(key), subject),
    volumes: ({ namespace, name }) =>
      claimsOfMembers(
        name,
        [...subjects.values()].flatMap((each) =>
          each.type === 'volume' && each.object.metadata.namespace === namespace ? [each.object] : [],
        ),
      ),
    pods: (cluster) =>
      ofCluster(
        [...subjects.values()].flatMap((each) => (each.type === 'pod' ? [each.object] : [])),
        cluster,
      ),
    inMaintenance(cluster) {
      const found = find({ group: openbaoGroup, kind: 'OpenBaoCluster', ...cluster });
      return found?.type === 'cluster' && maintenanceEnabled(found.object);
    },
    warnsOnly(namespace) {
      const found = find({ group: '', kind: 'Namespace', namespace: '', name: namespace });
      const metadata = found?.type === 'other' ? found.object['metadata'] : undefined;
      const labels = isObject(metadata) ? metadata['labels'] : undefined;
      return isObject(labels) && labels[enforceLabel] === 'warn';
    },
  };
}

const ofCluster = (objects: readonly Pod[], { namespace, name }: ClusterKey): readonly Pod[] =>
  objects.filter(
    ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[clusterLabel] === name,
  );

const textOf = ({ group, kind, namespace, name }: ObjectKey) =>
  JSON.stringify([group, kind, namespace, name]);
