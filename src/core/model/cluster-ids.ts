import type { PersistentVolumeClaim } from '../../api/kubernetes.ts';
import { clusterIdAnnotation } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';

/** The OpenBao clusters whose data these volumes are marked with: each once its member has taken part. */
const clusterIdsOn = (claims: readonly PersistentVolumeClaim[]): readonly string[] => [
  ...new Set(claims.flatMap(({ metadata }) => metadata.annotations?.[clusterIdAnnotation] ?? [])),
];

/**
 * Whether the cluster was ever initialized: as the status says, or where that was lost the volumes. Their word is asked
 * at each look and never stored: it ends with them, and whoever may patch a claim can give it.
 */
export const wasInitialized = (
  status: OpenBaoClusterStatus | undefined,
  claims: readonly PersistentVolumeClaim[] = [],
): boolean => status?.initialized === true || clusterIdsOn(claims).length > 0;

/** The status with that answer. Not to be stored. */
export const withInitialized = (
  status: OpenBaoClusterStatus,
  claims: readonly PersistentVolumeClaim[] | undefined,
): OpenBaoClusterStatus => ({ ...status, initialized: wasInitialized(status, claims) });

/**
 * OpenBao's id of the cluster: as the status says, or where that was lost its volumes, if they agree. One that is being
 * deleted says nothing of the cluster that is there.
 */
export function knownClusterId(
  { clusterID }: OpenBaoClusterStatus,
  claims: readonly PersistentVolumeClaim[] = [],
): string | undefined {
  const kept = claims.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const [only, ...others] = clusterIdsOn(kept);
  return clusterID ?? (others.length === 0 ? only : undefined);
}
