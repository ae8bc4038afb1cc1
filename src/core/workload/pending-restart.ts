import type { StatefulSet } from '../../api/kubernetes.ts';

/**
 * Whether pods run an older template than the one that is applied, and wait behind the partition for the next
 * upgrade or restartAt (docs/design.md, rule 12). Of an idle cluster; during an upgrade it says nothing.
 *
 * @returns undefined while the StatefulSet's controller has not seen the template yet
 */
export function pendingRestart({ metadata, status }: StatefulSet): boolean | undefined {
  const { observedGeneration, currentRevision, updateRevision } = status ?? {};
  if (observedGeneration === undefined || observedGeneration < (metadata.generation ?? 0)) return undefined;
  if (currentRevision === undefined || updateRevision === undefined) return undefined;
  return currentRevision !== updateRevision;
}
