import type { PersistentVolumeClaim, StatefulSet } from '../../api/kubernetes.ts';
import { attemptedVersionAnnotation, dataVersionAnnotation } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { wasInitialized } from '../model/cluster-ids.ts';
import type { Effect } from '../model/decision.ts';
import { liveNames } from '../model/members.ts';
import type { Observation } from '../model/observation.ts';
import { isRolling } from '../model/rolling.ts';
import { claimsByPod, memberClaims, targetIn } from '../model/selectors.ts';
import { compareVersions, versionOf, type Version } from '../version/version.ts';
import { appliedImage } from './applied-image.ts';
import { partitionOf } from './partition.ts';

interface Unwritten {
  /** A clause: what is to be written before the StatefulSet is applied. */
  readonly why: string;
  readonly effects: readonly Effect[];
}

/**
 * What must stand on the volumes before this StatefulSet is applied, which lets pods of a version at them that is newer
 * than what they carry; undefined where it stands there. Such a pod may open the data and be gone with its cluster
 * before anybody sees it; the cluster that is created again over the volumes must not be of an older version.
 *
 * @param set as it is to be applied
 */
export function unwrittenAttempts(
  observation: Observation,
  status: OpenBaoClusterStatus,
  set: StatefulSet,
): Unwritten | undefined {
  const pods = podsLetAt(observation, set);
  if (pods.length === 0) return undefined;
  const claims = claimsByPod(observation);
  if (claims === undefined) return { why: 'the volumes could not be read', effects: [] };
  const version = versionOfTemplate(observation, status, set);
  if (version === undefined) return undefined;
  // A volume without data is of no version, and a typo in the first one must be curable.
  const hasData = wasInitialized(status, memberClaims(observation));
  const unwritten = pods.flatMap((pod) => {
    const claim = claims.get(pod);
    const stamp = claim?.metadata.annotations?.[dataVersionAnnotation];
    return claim === undefined || (!hasData && stamp === undefined) || isWritten(version, claim)
      ? []
      : [claim];
  });
  if (unwritten.length === 0) return undefined;
  const names = unwritten.map(({ metadata }) => metadata.name).join(' and ');
  return {
    why: `it must stand on ${names} first that ${version.canonical} may open them`,
    effects: unwritten.flatMap((claim) => attempt(observation, claim, version.canonical)),
  };
}

/**
 * Takes off what stands there of a newer version than this one: of a target that was taken back because it is known to
 * have opened no data, and that no pod is of any more.
 */
export function withoutAttempts(observation: Observation, version: string | undefined): readonly Effect[] {
  const now = versionOf(version);
  if (now === undefined) return [];
  return memberClaims(observation).flatMap((claim) => {
    const attempted = versionOf(claim.metadata.annotations?.[attemptedVersionAnnotation]);
    const isAbove = attempted !== undefined && compareVersions(attempted, now) > 0;
    return isAbove ? attempt(observation, claim, null) : [];
  });
}

/** The members that this lets the StatefulSet controller make from its template, and that were not let before. */
function podsLetAt({ statefulSet, greenStatefulSet }: Observation, set: StatefulSet): readonly string[] {
  const { name = '' } = set.metadata;
  const live = [statefulSet, greenStatefulSet]
    .flatMap((each) => (each?.kind === 'known' ? (each.value ?? []) : []))
    .find(({ metadata }) => metadata.name === name);
  const { replicas = 1 } = set.spec ?? {};
  const isSame = live !== undefined && appliedImage(live) === appliedImage(set);
  const [from, to] = [live === undefined ? 0 : partitionOf(set), isSame ? partitionOf(live) : replicas];
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => `${name}-${from + index}`);
}

/** Of the template: what the status has beside its image. */
function versionOfTemplate(
  { cluster }: Observation,
  { upgrade, blueGreen, currentVersion }: OpenBaoClusterStatus,
  set: StatefulSet,
): Version | undefined {
  const isLive = set.metadata.name === liveNames(cluster).statefulSet;
  const running = currentVersion ?? cluster.spec.version;
  if (isLive) return versionOf((isRolling(upgrade?.phase) ? upgrade?.targetVersion : undefined) ?? running);
  const { greenImage, greenVersion, blueVersion } = blueGreen ?? {};
  return versionOf((appliedImage(set) === greenImage ? greenVersion : blueVersion) ?? running);
}

/** What a person wrote there and is no version, the gate complains about; it is not ours to replace. */
const isWritten = (version: Version, { metadata: { annotations = {} } }: PersistentVolumeClaim): boolean =>
  [annotations[dataVersionAnnotation], annotations[attemptedVersionAnnotation]].some((text) => {
    const written = versionOf(text);
    return written === undefined ? text !== undefined : compareVersions(version, written) <= 0;
  });

function attempt(
  { cluster }: Observation,
  { metadata }: PersistentVolumeClaim,
  version: string | null,
): readonly Effect[] {
  const { name, uid, resourceVersion } = metadata;
  if (name === undefined || uid === undefined) return [];
  return [
    {
      kind: 'patch',
      target: targetIn(cluster, 'v1', 'PersistentVolumeClaim', name),
      uid,
      // Nobody's later mark is overwritten.
      ...defined({ resourceVersion }),
      patch: { metadata: { annotations: { [attemptedVersionAnnotation]: version } } },
    },
  ];
}
