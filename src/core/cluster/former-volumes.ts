import { liveRevisionAnnotation, succeededByAnnotation } from '../../api/labels.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import type { Effect } from '../model/decision.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { liveRevision } from '../model/members.ts';
import { revisionOfClaim, revisionOfPod } from '../model/revisions.ts';
import { clusterName, isPaused, targetIn } from '../model/selectors.ts';

/**
 * Volumes that a blue-green upgrade has left are marked with the revision that took over, so that they are never taken
 * for the data of now when the status is lost, or the cluster is deleted and created again: under Retain there are
 * always some. Marked is only what Raft does not list while the live members lead; a mark on live ones is taken off.
 */
export const decideFormerVolumes: Concern = ({ cluster, claims, raft, pods }, status) => {
  const live = liveRevision(status);
  if (isPaused(cluster) || activeBlueGreen(status) !== undefined || status.upgrade !== undefined)
    return unchanged(status);
  if (claims.kind === 'unknown' || pods.kind === 'unknown' || raft.kind === 'unknown')
    return unchanged(status);
  const listed = raft.value.servers.map(({ id }) => id);
  if (revisionOfPod(cluster, raft.value.readFrom) !== live) return unchanged(status);
  const isUsed = (pod: string) =>
    listed.includes(pod) || pods.value.some(({ metadata }) => metadata.name === pod);
  const effects = claims.value.flatMap(({ metadata }): readonly Effect[] => {
    const { name = '', uid, annotations, deletionTimestamp } = metadata;
    const revision = revisionOfClaim(cluster, name);
    if (revision === undefined || uid === undefined || deletionTimestamp !== undefined) return [];
    const mark = annotations?.[succeededByAnnotation];
    const wanted = revision === live ? undefined : live;
    if (mark === wanted || (wanted !== undefined && isUsed(name.slice('data-'.length)))) return [];
    // What another revision took over from earlier needs no newer mark.
    if (mark !== undefined && wanted !== undefined) return [];
    const target = targetIn(cluster, 'v1', 'PersistentVolumeClaim', name);
    const patch = { metadata: { annotations: { [succeededByAnnotation]: wanted ?? null } } };
    return [{ kind: 'patch', target, uid, patch }];
  });
  return { ...unchanged(status), effects: [...effects, ...withoutName(cluster, live)] };
};

/** What a person has named is used up once it is recorded: it says nothing of the next time. */
function withoutName(cluster: Parameters<Concern>[0]['cluster'], live: string): readonly Effect[] {
  const { uid, annotations } = cluster.metadata;
  if (annotations?.[liveRevisionAnnotation] !== live || uid === undefined) return [];
  const target = targetIn(cluster, 'openbao.org/v1alpha1', 'OpenBaoCluster', clusterName(cluster));
  return [
    { kind: 'patch', target, uid, patch: { metadata: { annotations: { [liveRevisionAnnotation]: null } } } },
  ];
}
