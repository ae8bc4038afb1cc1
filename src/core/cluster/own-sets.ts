import type { Pod, StatefulSet } from '../../api/kubernetes.ts';
import { appliedHashAnnotation } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { controllerOf } from '../model/controller-of.ts';
import { setName } from '../model/names.ts';
import { revisionOfPod } from '../model/revisions.ts';

/** That the cluster owns, or that nobody owns and we have made: its owner may be gone (`--cascade=orphan`). */
export function isOfCluster({ metadata: { uid } }: OpenBaoCluster, set: StatefulSet): boolean {
  const owner = controllerOf(set);
  if (owner !== undefined) return owner === uid;
  return set.metadata.annotations?.[appliedHashAnnotation] !== undefined;
}

/**
 * Whether a pod is a member: of a StatefulSet of the cluster, by its uid, and with the exact name that this gives
 * (docs/design.md, rule 4). Anybody who may make a pod can give it the name and the labels of a member.
 */
export function isOfOwnSet(cluster: OpenBaoCluster, sets: readonly StatefulSet[], pod: Pod): boolean {
  const revision = revisionOfPod(cluster, pod.metadata.name ?? '');
  if (revision === undefined) return false;
  const set = sets.find(({ metadata }) => metadata.name === setName(cluster.metadata.name ?? '', revision));
  return (
    set?.metadata.uid !== undefined && isOfCluster(cluster, set) && controllerOf(pod) === set.metadata.uid
  );
}
