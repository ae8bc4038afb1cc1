import type { PersistentVolumeClaim } from '../../api/kubernetes.ts';
import { clusterLabel, volumeMarks } from '../../api/labels.ts';
import { clusterOfClaim } from '../model/revisions.ts';
import type { Permission } from './policy.ts';

/** CREATE or UPDATE of a PersistentVolumeClaim, with the fact that its rules read. */
export interface VolumeChange {
  readonly object: PersistentVolumeClaim;
  /** As it is stored; absent on CREATE. */
  readonly oldObject?: PersistentVolumeClaim;
  /** Whether the caller holds the verb `maintenance` on the cluster. */
  readonly permission: Permission;
}

type Change = Omit<VolumeChange, 'permission'>;

/**
 * The cluster that the claim is of, by its exact name alone: that is what members are given it by, and no label of
 * another cluster may say whose verb is needed.
 */
export const clusterOfVolume = ({ object, oldObject }: Change): string | undefined =>
  clusterOfClaim((oldObject ?? object).metadata.name ?? '');

/** What of the controller's the request writes, changes or takes away; a new claim may have any label. */
export function changedMarks({ object, oldObject }: Change): readonly string[] {
  const marks = volumeMarks
    .filter((mark) => object.metadata.annotations?.[mark] !== oldObject?.metadata.annotations?.[mark])
    .map((mark) => `metadata.annotations[${mark}]`);
  const isMoved =
    oldObject !== undefined &&
    object.metadata.labels?.[clusterLabel] !== oldObject.metadata.labels?.[clusterLabel];
  return isMoved ? [...marks, `metadata.labels[${clusterLabel}]`] : marks;
}
