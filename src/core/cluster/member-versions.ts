import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { held, unchanged, type Concern } from '../model/cluster-concern.ts';
import { deletePod, emptyDisks } from '../model/kubectl.ts';
import type { Observation } from '../model/observation.ts';
import { imageOf } from '../model/server-container.ts';
import { wantedReplicas } from '../model/selectors.ts';
import { peersOf } from '../raft/peers.ts';
import { isOlder } from '../upgrade/target.ts';
import { foreignImage } from '../workload/foreign-roll.ts';
import { mayBeSpelling } from '../version/image-reference.ts';
import { mendsVersions, strays, type Stray } from '../upgrade/strays.ts';

/**
 * Sees a member that runs another version than the cluster outside an upgrade: somebody has changed its pod's image,
 * or its image's tag has moved (L7). An older server on newer data may come to lead, and a newer one writes what the
 * others may not read, so that a person must know. During an upgrade its phases look for themselves.
 */
export const decideMemberVersions: Concern = (observation, status) => {
  if (status.upgrade !== undefined || activeBlueGreen(status) !== undefined) return unchanged(status);
  const [first, ...others] = straysAtRest(observation, status);
  if (first === undefined) return unchanged(status);
  const { currentVersion = '' } = status;
  const danger = isOlder(first.version, currentVersion)
    ? 'an older server on data of a newer one may come to lead, and need not be able to read it'
    : 'what a newer server writes, the others need not be able to read';
  const message = `${[first, ...others].map(({ why }) => why).join('; ')}: ${danger}. No upgrade and no change of spec.replicas begins until that is mended`;
  return unchanged(status, held('VersionMismatch', message, remedyFor(first, observation, currentVersion)));
};

/**
 * What may begin beside members of another version: no scaling, and only the upgrade or restart that mends them; and
 * nothing while somebody else lets pods go to their image.
 */
export function mayBegin(
  observation: Observation,
  status: OpenBaoClusterStatus,
): { readonly scaling: boolean; readonly upgrade: boolean } {
  const { statefulSet } = observation;
  if (statefulSet.kind === 'known' && foreignImage(status, statefulSet.value) !== undefined)
    return { scaling: false, upgrade: false };
  const found = straysAtRest(observation, status);
  return {
    scaling: found.length === 0,
    upgrade: mendsVersions(found, status.currentVersion, observation.cluster.spec.version),
  };
}

function straysAtRest(observation: Observation, status: OpenBaoClusterStatus): readonly Stray[] {
  const { currentVersion, initialized, replicas = wantedReplicas(observation.cluster) } = status;
  if (currentVersion === undefined || initialized !== true) return [];
  return strays(peersOf(observation, replicas, status.clusterID).expected, currentVersion);
}

function remedyFor({ peer, version }: Stray, { cluster, statefulSet }: Observation, current: string) {
  const image = imageOf(peer.pod?.spec);
  const set = statefulSet.kind === 'known' ? statefulSet.value : undefined;
  const wanted = imageOf(set?.spec?.template?.spec);
  const isNewer = isOlder(current, version);
  const upgrade = `set spec.version to ${version} and, in the same apply, spec.image to one that only ${version} has`;
  // Admission may have spelled the pod's image otherwise (V3).
  if (image === wanted || (wanted !== undefined && mayBeSpelling(wanted, image ?? ''))) {
    const mend = isNewer ? upgrade : `set spec.image to one that holds ${current}, best with its digest`;
    return { remedy: `Its image ${image ?? ''} does not hold what the others have started from: ${mend}` };
  }
  const mend = isNewer
    ? `an older server must not go on with what a newer one has written, so either ${upgrade}; or give the member an empty disk, on which it joins again as ${current}: ${emptyDisks(cluster.metadata, [peer.name])}`
    : deletePod(cluster.metadata, peer.name);
  return {
    remedy: `Its pod has the image ${image ?? 'of nobody'}, and the StatefulSet ${wanted ?? 'none'}: ${mend}`,
  };
}
