import { clusterPermissionRequired } from './cluster-permission-required.ts';
import type { ClusterRequest } from './cluster-request.ts';
import { downgradeBlocked } from './downgrade-blocked.ts';
import { imageVersionMismatch } from './image-version-mismatch.ts';
import { invalidImageReference } from './invalid-image-reference.ts';
import { invalidVersion } from './invalid-version.ts';
import { maintenanceRequired } from './maintenance-required.ts';
import { nameReserved } from './name-reserved.ts';
import { namespaceUnguarded } from './namespace-unguarded.ts';
import { noActiveBreakGlass } from './no-active-break-glass.ts';
import { isGuarded, type PodDeletion } from './pod-deletion.ts';
import { noGoodRelease } from './no-good-release.ts';
import { operationInProgress } from './operation-in-progress.ts';
import { podPermissionRequired } from './pod-permission-required.ts';
import { pointOfNoReturn } from './point-of-no-return.ts';
import { isGuardedDeletion, type ClusterDeletion } from './cluster-deletion.ts';
import { deletionMidOperation } from './deletion-mid-operation.ts';
import { deletionNotConfirmed } from './deletion-not-confirmed.ts';
import { allow, decide, type Decision, type Policy } from './policy.ts';
import { releasePermissionRequired } from './release-permission-required.ts';
import type { ReleaseRequest } from './release-request.ts';
import { rollbackTargetEmpty } from './rollback-target-empty.ts';
import { rollbackTargetKnown } from './rollback-target.ts';
import { sealChangeBlocked } from './seal-change-blocked.ts';
import { sealUnsupported } from './seal-unsupported.ts';
import { serviceAccountPermission } from './service-account-permission.ts';
import { snapshotPrerequisiteMissing } from './snapshot-prerequisite-missing.ts';
import { staleNonce } from './stale-nonce.ts';
import { storageChange } from './storage-change.ts';
import { strategyChangeBlocked } from './strategy-change-blocked.ts';
import { upgradePathBlocked } from './upgrade-path-blocked.ts';
import type { VolumeChange } from './volume-change.ts';
import { volumeMarkPermission } from './volume-mark-permission.ts';

/** OpenBaoCluster CREATE and UPDATE. */
export const clusterPolicies: readonly Policy<ClusterRequest>[] = [
  // the version is a semantic version
  invalidVersion,
  // and not below one that has run
  downgradeBlocked,
  // the image, where it says a version, says the same one
  imageVersionMismatch,
  // and is an image reference
  invalidImageReference,
  // an acknowledgement is for the incident of now
  staleNonce,
  // and for an incident at all
  noActiveBreakGlass,
  // the way to the version is not known to be bad
  upgradePathBlocked,
  // the version can open the seal
  sealUnsupported,
  // which stays, as long as there is data
  sealChangeBlocked,
  // what changes no volume says so
  storageChange,
  // the strategy changes alone and at rest
  strategyChangeBlocked,
  // version, image and replicas stay while votes move, on the way back and in break glass
  operationInProgress,
  // a snapshot that is asked for has a place to go to
  snapshotPrerequisiteMissing,
  // maintenance, acknowledgements and requests come from those who may
  clusterPermissionRequired,
  // and a rollback before there is nothing to go back to
  pointOfNoReturn,
  // no other cluster's objects have its names
  nameReserved,
  // and its pods can be guarded
  namespaceUnguarded,
];

/** OpenBaoCluster DELETE. */
export const clusterDeletionPolicies: readonly Policy<ClusterDeletion>[] = [
  // data goes only where somebody said so
  deletionNotConfirmed,
  // and nothing is under way
  deletionMidOperation,
];

/** Pod DELETE. */
export const podDeletionPolicies: readonly Policy<PodDeletion>[] = [
  // the cluster is in maintenance
  maintenanceRequired,
  // and the caller may maintain it
  podPermissionRequired,
];

/** PersistentVolumeClaim CREATE and UPDATE. */
export const volumePolicies: readonly Policy<VolumeChange>[] = [
  // what Rollguard has written on a volume is changed by those who may
  volumeMarkPermission,
];

/** MetadataServices CREATE and UPDATE. */
export const releasePolicies: readonly Policy<ReleaseRequest>[] = [
  // a request to roll back names a release
  rollbackTargetEmpty,
  // there is one to return to
  noGoodRelease,
  // it comes from those who may
  releasePermissionRequired,
  // whom pods run as is named by those who may act as it
  serviceAccountPermission,
  // and what will come of a rollback is no surprise
  rollbackTargetKnown,
];

/**
 * An object that is being deleted, as it is stored, passes: what is left to do is to take its
 * finalizers off. One that only says so itself does not; the API server drops that as well.
 */
export function evaluateClusterChange(request: ClusterRequest): Decision {
  if (request.oldObject?.metadata.deletionTimestamp !== undefined) return allow;
  return decide(clusterPolicies, request);
}

export function evaluateClusterDeletion(request: ClusterDeletion): Decision {
  if (!isGuardedDeletion(request)) return allow;
  return decide(clusterDeletionPolicies, request);
}

export function evaluatePodDeletion(request: PodDeletion): Decision {
  if (!isGuarded(request)) return allow;
  return decide(podDeletionPolicies, request);
}

export const evaluateVolumeChange = (change: VolumeChange): Decision => decide(volumePolicies, change);

/** As of a cluster: what is going must be able to go. */
export function evaluateReleaseChange(request: ReleaseRequest): Decision {
  if (request.oldObject?.metadata.deletionTimestamp !== undefined) return allow;
  return decide(releasePolicies, request);
}
