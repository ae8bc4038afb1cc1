import { maintenanceAnnotation } from '../../api/labels.ts';
import { clusterOf, type PodDeletion } from './pod-deletion.ts';
import { violation, type Policy } from './policy.ts';

/**
 * A pod of a cluster may be deleted by hand only in maintenance: its own annotation says
 * so, on the stored object.
 *
 * Guards: pods DELETE (also forced, by collection, dry run), where `isGuarded`.
 * Allows: a pod that carries `openbao.org/maintenance: "true"`.
 * Source: specification, pages 000 and 001 ("enable maintenance mode first").
 */
export const maintenanceRequired: Policy<PodDeletion> = {
  id: 'maintenance-required',
  changes: () => true,
  evaluate({ pod }) {
    const { name, namespace, annotations } = pod.metadata;
    if (annotations?.[maintenanceAnnotation] === 'true') return [];
    const cluster = clusterOf(pod);
    return [
      violation(
        'MaintenanceRequired',
        `metadata.annotations[${maintenanceAnnotation}]`,
        `pod ${namespace}/${name} belongs to openbaocluster ${cluster}, which is not in maintenance (the pod does not have the annotation ${maintenanceAnnotation}=true)`,
        `kubectl patch openbaocluster ${cluster} -n ${namespace} --type merge -p '{"spec":{"maintenance":{"enabled":true}}}', wait for the annotation on the pod (without Rollguard's controller, set it with kubectl annotate), then delete one pod at a time`,
      ),
    ];
  },
};
