import { clusterIdAnnotation } from '../../api/labels.ts';
import type { Effect } from '../model/decision.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { claimsByPod, isUnsealed, memberOf, targetIn } from '../model/selectors.ts';

/**
 * Marks the volume of each member that takes part with OpenBao's id of the cluster: that there is data, and whose, is
 * known then without the status, and without any member that answers. As the truth about data it is written also
 * while paused.
 */
export const decideClusterIdMarks: Concern = (observation, status) => {
  const { clusterID } = status;
  const claims = claimsByPod(observation);
  if (clusterID === undefined || claims === undefined) return unchanged(status);
  const effects = [...claims].flatMap(([pod, { metadata }]): readonly Effect[] => {
    const { name, uid, annotations, deletionTimestamp } = metadata;
    if (name === undefined || uid === undefined || deletionTimestamp !== undefined) return [];
    if (annotations?.[clusterIdAnnotation] === clusterID) return [];
    if (!isUnsealed(memberOf(observation, pod), status)) return [];
    const target = targetIn(observation.cluster, 'v1', 'PersistentVolumeClaim', name);
    const patch = { metadata: { annotations: { [clusterIdAnnotation]: clusterID } } };
    return [{ kind: 'patch', target, uid, patch }];
  });
  return { ...unchanged(status), effects };
};
