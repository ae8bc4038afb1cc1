import type { Pod, UserInfo } from '../../api/kubernetes.ts';
import type { DeleteOptions } from '../../api/admission-review.ts';
import { clusterLabel } from '../../api/labels.ts';
import type { Permission } from './policy.ts';
import { mustPass } from './system-actors.ts';

/** DELETE of a pod, or an eviction that waits for nothing, with the facts that its rules read. */
export interface PodDeletion {
  /** As it is stored (the old object): a DELETE carries no other. */
  readonly pod: Pod;
  readonly user: UserInfo;
  /** With a grace period of 0: the pod is gone at once, whatever its processes do. */
  readonly isForced: boolean;
  readonly trustedControllers: readonly string[];
  /** Whether the caller holds the verb `maintenance` on the pod's cluster. */
  readonly permission: Permission;
}

/** The cluster that a pod belongs to; absent where it is none of ours. */
export function clusterOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[clusterLabel];
}

/** Whether a deletion waits for nothing. The API server takes a negative time for one second. */
export const isForced = (options: DeleteOptions | null | undefined): boolean =>
  typeof options?.gracePeriodSeconds === 'number' && options.gracePeriodSeconds < 1;

/**
 * Whether rules have to judge the deletion at all. Not those of other people's pods, of
 * pods that are ending or have ended (nothing is left to protect, and a denial would
 * leave them in Terminating), nor those by the parts of Kubernetes that must. A forced one is judged of a pod that is
 * ending too: its process may run on where nobody reaches the node, beside the one of the pod that takes its name.
 */
export function isGuarded(deletion: Omit<PodDeletion, 'permission'>): boolean {
  const { pod, user, trustedControllers } = deletion;
  if (clusterOf(pod) === undefined) return false;
  if (pod.metadata.deletionTimestamp !== undefined && !(deletion.isForced && !wasForced(pod))) return false;
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false;
  return !mustPass(user, pod, trustedControllers);
}

/** One deletion asks several times: once the pod is marked as ending at once, it was judged. */
const wasForced = ({ metadata }: Pod): boolean => metadata.deletionGracePeriodSeconds === 0;
