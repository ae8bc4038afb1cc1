import type { UserInfo } from '../../api/kubernetes.ts';
import { confirmDeleteAnnotation } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { clusterDeleters } from './system-actors.ts';

/** DELETE of an OpenBaoCluster. */
export interface ClusterDeletion {
  /** As it is stored (the old object): a DELETE carries no other. */
  readonly oldObject: OpenBaoCluster;
  readonly user: UserInfo;
  readonly trustedControllers: readonly string[];
}

/**
 * Whether rules have to judge the deletion at all. Not that of an object that is going already, nor one by the
 * parts of Kubernetes that empty a namespace or follow an owner: denied there, it is left alone in ruins
 * (docs/facts/admission-measured.md, section 1).
 */
export function isGuardedDeletion({ oldObject, user, trustedControllers }: ClusterDeletion): boolean {
  const { username = '' } = user;
  return (
    oldObject.metadata.deletionTimestamp === undefined &&
    !clusterDeleters.has(username) &&
    !trustedControllers.includes(username)
  );
}

/** The command that confirms the deletion. */
export function confirmCommand({ oldObject }: ClusterDeletion): string {
  const { name = '', namespace = 'default', uid } = oldObject.metadata;
  const value =
    uid ?? `"$(kubectl get openbaocluster ${name} -n ${namespace} -o jsonpath='{.metadata.uid}')"`;
  return `kubectl annotate openbaocluster ${name} -n ${namespace} --overwrite ${confirmDeleteAnnotation}=${value}`;
}
