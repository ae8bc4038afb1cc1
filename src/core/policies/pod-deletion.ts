import type { Pod, UserInfo } from '../../api/kubernetes.ts';
import { clusterLabel } from '../../api/labels.ts';
import type { Permission } from './policy.ts';
import { mustPass } from './system-actors.ts';

/** DELETE of a pod, with the facts that its rules read. */
export interface PodDeletion {
  /** As it is stored (the old object): a DELETE carries no other. */
  readonly pod: Pod;
  readonly user: UserInfo;
  readonly trustedControllers: readonly string[];
  /** Whether the caller holds the verb `maintenance` on the pod's cluster. */
  readonly permission: Permission;
}

/** The cluster that a pod belongs to; absent where it is none of ours. */
export function clusterOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[clusterLabel];
}

/**
 * Whether rules have to judge the deletion at all. Not those of other people's pods, of
 * pods that are ending or have ended (nothing is left to protect, and a denial would
 * leave them in Terminating), nor those by the parts of Kubernetes that must.
 */
export function isGuarded({ pod, user, trustedControllers }: Omit<PodDeletion, 'permission'>): boolean {
  if (clusterOf(pod) === undefined) return false;
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false;
  return !mustPass(user, pod, trustedControllers);
}
