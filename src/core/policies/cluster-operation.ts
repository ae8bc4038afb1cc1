import { storedTraits, type Stage } from '../model/blue-green.ts';
import { wantedReplicas } from '../model/selectors.ts';
import { printable } from '../model/printable.ts';
import { parseVersion } from '../version/version.ts';
import { effectiveImage } from '../workload/image.ts';
import { breakGlassActive } from './break-glass.ts';
import { changesImage, changesVersion, storedStatus, type ClusterRequest } from './cluster-request.ts';

type Change = Pick<ClusterRequest, 'object' | 'oldObject'>;

/**
 * Where a blue-green upgrade stands, by what is still possible: a stage of its phase, which is late as soon as green
 * may ever have voted; `idle` when none is in progress; `unknown` for another operator's phase, which may be any.
 */
type BlueGreenStage = Stage | 'idle' | 'unknown';

export function blueGreenStage(request: Pick<ClusterRequest, 'oldObject'>): BlueGreenStage {
  const { phase = 'Idle', crossedAt } = storedStatus(request).blueGreen ?? {};
  if (phase === 'Idle') return 'idle';
  const stage = storedTraits(phase)?.stage ?? 'unknown';
  return stage === 'early' && crossedAt !== undefined ? 'late' : stage;
}

/** Whether version, image and replicas stay as they are: votes are moving between two halves, or an incident is open. */
export function pinsTarget(request: Pick<ClusterRequest, 'oldObject'>): boolean {
  const stage = blueGreenStage(request);
  return breakGlassActive(request) || (stage !== 'idle' && stage !== 'early');
}

/** What is being done or waits for a person: a clause for a sentence about it. Undefined where the cluster is at rest. */
export function operationUnderWay(request: Pick<ClusterRequest, 'oldObject'>): string | undefined {
  const { blueGreen, upgrade, scaling, operationLock } = storedStatus(request);
  if (breakGlassActive(request)) return 'break glass is active';
  if (blueGreenStage(request) !== 'idle')
    return `the blue-green upgrade is in phase ${printable(String(blueGreen?.phase))}`;
  if (upgrade !== undefined)
    return `a rolling upgrade to ${printable(upgrade.targetVersion ?? 'another version')} is in progress`;
  if (scaling !== undefined) return 'members are being added or removed';
  return operationLock?.operation === undefined
    ? undefined
    : `the operation ${printable(operationLock.operation)} holds status.operationLock`;
}

/**
 * Whether a version is the one that the whole cluster runs, build metadata included.
 *
 * @returns undefined where that cannot be told
 */
export function isCurrentVersion(
  text: string,
  request: Pick<ClusterRequest, 'oldObject'>,
): boolean | undefined {
  const version = parseVersion(text);
  const current = parseVersion(storedStatus(request).currentVersion ?? '');
  return version.kind === 'unknown' || current.kind === 'unknown'
    ? undefined
    : version.value.canonical === current.value.canonical;
}

/**
 * What stored spec asks for and the cluster does not run, whatever holds it back: a version, or another image of the
 * same version, which is an upgrade too. Undefined where there is none, or it cannot be told.
 */
export function pendingTarget(request: Pick<ClusterRequest, 'oldObject'>): PendingTarget | undefined {
  const { version = '', image } = request.oldObject?.spec ?? {};
  const { currentVersion = '', image: running } = storedStatus(request);
  const isCurrent = isCurrentVersion(version, request);
  if (isCurrent === false) return { field: 'spec.version', wanted: version, running: currentVersion };
  if (isCurrent === undefined || running === undefined) return undefined;
  // The repository of the default image is the controller's to say, so only its tag is known here.
  const tag = effectiveImage({ version }, '');
  if (image ? image === running : running.endsWith(tag)) return undefined;
  return { field: 'spec.image', wanted: image || `the default image of ${version}`, running };
}

interface PendingTarget {
  readonly field: 'spec.version' | 'spec.image';
  readonly wanted: string;
  readonly running: string;
}

/** An absent number of replicas is the default one. */
export function changesReplicas({ object, oldObject }: Change): boolean {
  return oldObject === undefined || wantedReplicas(object) !== wantedReplicas(oldObject);
}

/**
 * Whether a pinned image moves to another place while nothing runs: the repair of a registry that is gone. The
 * version stays, so it is the same OpenBao (docs/design.md, "What the gate refuses").
 */
export function movesPinnedImage(request: Change): boolean {
  return (
    pinsTarget(request) &&
    changesImage(request) &&
    !changesVersion(request) &&
    !changesReplicas(request) &&
    request.object.spec.paused === true
  );
}
