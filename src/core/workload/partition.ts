import type { StatefulSet } from '../../api/kubernetes.ts';
import type { BlueGreenUpgrade, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { isRolling } from '../model/rolling.ts';

/**
 * Pods with an ordinal below the partition keep what they run; one that is re-created there comes back at
 * currentRevision. So a partition that was lowered goes up again only when the StatefulSet's controller has made
 * the new revision the current one: else a pod would come back with the old version on newer data
 * (docs/design.md, "What would hurt most").
 *
 * @param live the StatefulSet as it is; undefined when there is none
 */
export function partitionFor(
  status: OpenBaoClusterStatus | undefined,
  replicas: number,
  live: StatefulSet | undefined,
): number {
  const { upgrade } = status ?? {};
  if (isRolling(upgrade?.phase)) {
    const { currentPartition, replacing } = upgrade ?? {};
    const heldAt = heldPartition(replicas, live);
    if (currentPartition === undefined) return heldAt;
    // An ordinal taken back, whose partition had come down unseen all the same, stays in work.
    const lowest = Math.min(currentPartition, replacing?.ordinal ?? currentPartition);
    if (heldAt > lowest) return currentPartition;
    return Math.max(heldAt, Math.min(lowest, lowestUpdated(replicas, live)));
  }
  // Nothing to protect yet, and a typo in the first image must be curable.
  if (status?.initialized !== true) return 0;
  return heldPartition(replicas, live);
}

/** The same of a green half that may be upgraded in place; in every other phase it is held as it is. */
export function partitionOfGreen(
  { phase, greenPartition }: Pick<BlueGreenUpgrade, 'phase' | 'greenPartition'>,
  replicas: number,
  live: StatefulSet | undefined,
): number {
  if (phase !== 'UpgradingGreen' || greenPartition === undefined) return heldPartition(replicas, live);
  const upgrade = { phase: 'Replacing', currentPartition: greenPartition } as const;
  return partitionFor({ initialized: true, upgrade }, replicas, live);
}

/**
 * The lowest ordinal that the StatefulSet's controller has made anew, which takes the highest first: below the
 * ordinal in work where somebody has lowered the partition. What came up there may have opened the data.
 */
const lowestUpdated = (replicas: number, live: StatefulSet | undefined): number =>
  replicas - (live?.status?.updatedReplicas ?? 0);

/** As high as it may be: it holds every pod back unless it was lowered and is not settled yet. */
function heldPartition(replicas: number, live: StatefulSet | undefined): number {
  return isHalfRolled(live) ? Math.min(partitionOf(live), replicas) : replicas;
}

/**
 * Whether pods were let go to a new template, and it is not yet the one that all are made from: another template would
 * make those anew, whose data the new one has opened.
 */
export const isHalfRolled = (live: StatefulSet | undefined): boolean =>
  live !== undefined && partitionOf(live) < (live.spec?.replicas ?? 1) && !isSettled(live);

/** Whether every pod that the StatefulSet makes from now on is of one and the same revision. */
function isSettled({ metadata, status }: StatefulSet): boolean {
  return (
    status?.observedGeneration !== undefined &&
    status.observedGeneration >= (metadata.generation ?? Infinity) &&
    status.updateRevision !== undefined &&
    status.currentRevision === status.updateRevision
  );
}

/** As the StatefulSet has it: without one, nothing is held back. */
export const partitionOf = (set: StatefulSet | undefined): number =>
  set?.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
