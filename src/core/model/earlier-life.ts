import type { ObjectMeta, PersistentVolumeClaim } from '../../api/kubernetes.ts';

/** Milliseconds by which the clocks of two API servers may differ, which stamp a cluster and its claims. */
const clockSkewMs = 5_000;

/** A claim that was there before the cluster was; one that does not say when it was made may have been. */
export function isOfEarlierLife({ metadata }: PersistentVolumeClaim, cluster: ObjectMeta): boolean {
  const born = Date.parse(cluster.creationTimestamp ?? '');
  const made = Date.parse(metadata.creationTimestamp ?? '');
  return !(made >= born - clockSkewMs);
}
