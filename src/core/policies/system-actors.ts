import type { Pod, UserInfo } from '../../api/kubernetes.ts';

/**
 * The parts of Kubernetes that must be able to delete a pod, each by its exact name.
 * Denied, they leave pods stuck, loop (scheduler: 59 times a second) or give up for good (taint
 * eviction): docs/facts/admission-measured.md, section 1. Which ones there are was read of 1.34.4 to 1.37.2,
 * and stands there too.
 */
export const systemActors: ReadonlySet<string> = new Set([
  'system:kube-scheduler',
  // All controllers in one, where kube-controller-manager runs without --use-service-account-credentials.
  'system:kube-controller-manager',
  ...[
    'daemon-set-controller',
    'device-taint-eviction-controller',
    'generic-garbage-collector',
    'job-controller',
    'namespace-controller',
    'node-controller',
    'pod-garbage-collector',
    'replicaset-controller',
    'replication-controller',
    'statefulset-controller',
    'taint-eviction-controller',
    'ttl-after-finished-controller',
  ].map((name) => `system:serviceaccount:kube-system:${name}`),
]);

/**
 * Those who delete an OpenBaoCluster because its namespace or its owner goes: the only ones that have to. A
 * person's mistake is refused before, at the namespace or the owner.
 */
export const clusterDeleters: ReadonlySet<string> = new Set([
  'system:kube-controller-manager',
  'system:serviceaccount:kube-system:generic-garbage-collector',
  'system:serviceaccount:kube-system:namespace-controller',
]);

/**
 * @param trustedControllers user names of controllers that own these clusters, as given by `--trusted-controller`
 * @returns whether the caller is one that has to be let through
 */
export function mustPass(user: UserInfo, pod: Pod, trustedControllers: readonly string[]): boolean {
  const { username = '' } = user;
  // A kubelet may end the pods of its own node, and no others.
  const node = pod.spec?.nodeName;
  const isItsKubelet = node !== undefined && username === `system:node:${node}`;
  return isItsKubelet || systemActors.has(username) || trustedControllers.includes(username);
}
