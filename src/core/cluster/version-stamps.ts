import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes.ts';
import { dataVersionAnnotation, runningVersionLabel } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { everStarted, imageOf } from '../model/server-container.ts';
import { imageVersion, tagVersion } from '../version/image-reference.ts';
import { liveNames } from '../model/members.ts';
import { isRolling } from '../model/rolling.ts';
import { compareVersions, parseVersion, versionOf, type Version } from '../version/version.ts';
import type { Effect } from '../model/decision.ts';
import type { Member, Observation } from '../model/observation.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { claimsByPod, memberOf, podsByName, targetIn } from '../model/selectors.ts';

/**
 * Stamps each member's claim with the highest version whose container ever started on it, never lower. The
 * gate refuses to go below it, also after the cluster was deleted and is created again.
 *
 * Not before the container has started, nor before the first pod of an upgrade may have opened the data: such a target
 * can be taken back. As the truth about data it is written also while paused.
 */
export const decideVersionStamps: Concern = (observation, status) => {
  const pods = podsByName(observation);
  const claims = claimsByPod(observation);
  if (pods === undefined || claims === undefined) return unchanged(status);
  const effects = [...pods].flatMap(([name, pod]): readonly Effect[] => {
    const claim = claims.get(name);
    const version = ranVersion(pod, memberOf(observation, name), observation, status);
    if (claim === undefined || version === undefined || !isHigher(version, claim)) return [];
    if (mayBeUnopened(name, version, observation, status)) return [];
    const stamp = stampOn(observation, claim, version);
    return stamp === undefined ? [] : [stamp];
  });
  return { ...unchanged(status), effects };
};

/**
 * The target of a rolling upgrade on its first pod, which is not known to have opened the data yet: until it is, that
 * can be taken back. The upgrade finds it out in this very look, and records it (status.upgrade.targetStarted).
 */
function mayBeUnopened(
  pod: string,
  version: Version,
  { cluster }: Observation,
  { upgrade }: OpenBaoClusterStatus,
): boolean {
  if (upgrade === undefined || !isRolling(upgrade.phase) || upgrade.targetStarted === true) return false;
  if ((upgrade.completedPods ?? []).length > 0 || upgrade.currentPartition === undefined) return false;
  const from = parseVersion(upgrade.fromVersion ?? '');
  const isTargets = from.kind === 'known' && compareVersions(version, from.value) > 0;
  return isTargets && pod === liveNames(cluster).pod(upgrade.currentPartition);
}

function stampOn(
  { cluster }: Observation,
  { metadata }: PersistentVolumeClaim,
  version: Version,
): Effect | undefined {
  const { name, uid, resourceVersion, deletionTimestamp } = metadata;
  if (name === undefined || uid === undefined || deletionTimestamp !== undefined) return undefined;
  return {
    kind: 'patch',
    target: targetIn(cluster, 'v1', 'PersistentVolumeClaim', name),
    uid,
    // Nobody's higher stamp is overwritten.
    ...defined({ resourceVersion }),
    patch: { metadata: { annotations: { [dataVersionAnnotation]: version.canonical } } },
  };
}

function isHigher(version: Version, { metadata }: PersistentVolumeClaim): boolean {
  const stamp = metadata.annotations?.[dataVersionAnnotation];
  if (stamp === undefined) return true;
  const stamped = parseVersion(stamp);
  // What a person wrote there and is no version, the gate complains about; it is not ours to replace.
  return stamped.kind === 'known' && compareVersions(version, stamped.value) > 0;
}

/**
 * What the pod runs or ran: the highest of what the server and its image say, else what the image is known for. The
 * label is OpenBao's too, but whoever may write the pod can write it, so it counts only where nothing else is known.
 * Undefined where its container never started, and where nobody knows.
 */
function ranVersion(
  pod: Pod,
  member: Member | undefined,
  { cluster }: Observation,
  { image, currentVersion, upgrade, blueGreen }: OpenBaoClusterStatus,
): Version | undefined {
  const ran = imageOf(pod.spec);
  if (ran === undefined || !everStarted(pod)) return undefined;
  const label = pod.metadata.labels?.[runningVersionLabel];
  return (
    highest(versionOf(member?.version), imageVersion(ran)) ??
    versionOf(ran === upgrade?.targetImage ? upgrade.targetVersion : undefined) ??
    versionOf(ran === blueGreen?.greenImage ? blueGreen.greenVersion : undefined) ??
    versionOf(ran === image ? currentVersion : undefined) ??
    versionOf(ran === cluster.spec.image ? cluster.spec.version : undefined) ??
    (label === undefined ? undefined : tagVersion(label))
  );
}

function highest(a: Version | undefined, b: Version | undefined): Version | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareVersions(a, b) < 0 ? b : a;
}
