import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { documents } from '../../api/documents.ts';
import { held, unchanged, type Concern } from '../model/cluster-concern.ts';
import { asBefore, saidBefore, verdict, type Verdict } from '../model/conditions.ts';
import { emptyDisks } from '../model/kubectl.ts';
import type { Observation } from '../model/observation.ts';
import { claimsByPod, podsByName } from '../model/selectors.ts';

/** The members that run on a volume which somebody has deleted: `pvc-protection` alone still keeps it (L3). */
export function membersOnGoingVolumes(observation: Observation): readonly string[] {
  const pods = podsByName(observation);
  const claims = claimsByPod(observation);
  if (pods === undefined || claims === undefined) return [];
  return [...claims]
    .filter(([, { metadata }]) => metadata.deletionTimestamp !== undefined)
    .map(([pod]) => pod)
    .filter((pod) => pods.has(pod) && pods.get(pod)?.metadata.deletionTimestamp === undefined)
    .toSorted();
}

const type = 'VolumeDeleting';

const inWords = (members: readonly string[]) =>
  `somebody has deleted the volumes of ${members.join(', ')}, which go for ever when these pods stop`;

/**
 * What the condition VolumeDeleting says, from its first time on: whatever else holds the cluster has a greater word in
 * the others. While the volumes or the pods are not known, it stays as it was.
 */
export function goingVolumesSeen(
  observation: Observation,
  status: OpenBaoClusterStatus,
): Verdict | undefined {
  const before = saidBefore(status, type);
  if (podsByName(observation) === undefined || claimsByPod(observation) === undefined)
    return asBefore(before);
  const members = membersOnGoingVolumes(observation);
  if (members.length > 0) return verdict(type, true, 'DeletedByOthers', inWords(members));
  return before && verdict(type, false, 'NoneDeleting', 'no volume of a member that runs is being deleted');
}

/**
 * Says which members will lose their data with their next stop. Nothing is stopped meanwhile: no upgrade, restart,
 * step-down or smaller size, and no eviction (the PodDisruptionBudget allows none).
 */
export const decideGoingVolumes: Concern = (observation, status) => {
  const [first, ...others] = membersOnGoingVolumes(observation);
  if (first === undefined) return unchanged(status);
  const all = [first, ...others];
  const { cluster } = observation;
  const message = `${inWords(all)}. No pod is stopped and no eviction is allowed until then`;
  const remedy =
    cluster.spec.replicas === 1 || all.length === (status.replicas ?? all.length)
      ? `A deletion cannot be taken back. Take a snapshot first, now (${documents.goingVolumes})`
      : `A deletion cannot be taken back. Take a snapshot first (${documents.goingVolumes})`;
  return unchanged(
    status,
    held('VolumeDeleting', message, {
      remedy: `${remedy}. Then, with the verb maintenance, give one member at a time a new volume; for ${first} ${emptyDisks(cluster.metadata, [first])}`,
    }),
  );
};
