import type { Pod } from '../../api/kubernetes.ts';
import { maintenanceAnnotation } from '../../api/labels.ts';
import { clusterOf, type PodDeletion } from './pod-deletion.ts';
import { violation, type Decision, type Policy } from './policy.ts';

/**
 * A pod of a cluster may be deleted by hand only in maintenance: its own annotation says
 * so, on the stored object.
 *
 * Guards: pods DELETE (also forced, by collection, dry run), and evictions that are forced, where `isGuarded`.
 * Allows: a pod that carries `openbao.org/maintenance: "true"`.
 * Unknown: a pod that could not be read is not evicted at once.
 * Source: specification, pages 000 and 001 ("enable maintenance mode first").
 */
export const maintenanceRequired: Policy<PodDeletion> = {
  id: 'maintenance-required',
  changes: () => true,
  evaluate({ pod, isForced }) {
    const { name, namespace, annotations } = pod.metadata;
    if (annotations?.[maintenanceAnnotation] === 'true') return [];
    const cluster = clusterOf(pod);
    const { why, instead } = isForced ? forced(pod) : { why: '', instead: '' };
    return [
      violation(
        'MaintenanceRequired',
        path,
        `pod ${namespace}/${name} belongs to openbaocluster ${cluster}, which is not in maintenance (the pod does not have the annotation ${maintenanceAnnotation}=true)${why}`,
        `${instead}kubectl patch openbaocluster ${cluster} -n ${namespace} --type merge -p '{"spec":{"maintenance":{"enabled":true}}}', wait for the annotation on the pod (without Rollguard's controller, set it with kubectl annotate), then delete one pod at a time`,
      ),
    ];
  },
};

/** A person mostly forces it because the node is gone, for which there is a way that cannot make two of one member. */
function forced({ spec }: Pod): { readonly why: string; readonly instead: string } {
  const node = spec?.nodeName;
  const off =
    node === undefined
      ? ''
      : `; if ${node} does not answer, switch it off and tell Kubernetes, which then removes the pod itself: kubectl taint nodes ${node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`;
  return {
    why: `, and a grace period of 0 does not wait for its process: if that still runs on ${node ?? 'its node'}, the next pod is a second process under the same Raft id`,
    instead: `leave the grace period out${off}; otherwise: `,
  };
}

const path = `metadata.annotations[${maintenanceAnnotation}]`;

/** The answer to a forced eviction of a pod that could not be read. */
export function unreadPod(pod: string, cause: string): Decision {
  const message = `whether pod ${pod} is a member of an OpenBao cluster in maintenance could not be read: ${cause}`;
  const violations = [
    violation(
      'MaintenanceRequired',
      path,
      message,
      'try again in a moment, or evict it without a grace period of 0',
    ),
  ];
  return { allowed: false, violations, warnings: [] };
}
