import type { Pod } from '../../api/kubernetes.ts';
import { maintenanceAnnotation } from '../../api/labels.ts';
import { withAnnotation } from './annotation.ts';

/** Marks the pod of a static manifest; the kubelet owns it, and what is added there is lost or refused. */
const mirrorAnnotation = 'kubernetes.io/config.mirror';

/**
 * A pod that is created while its cluster is in maintenance carries the annotation from
 * its first moment, so that nobody has to wait for a controller to stamp it.
 *
 * @returns the same pod where nothing is to change
 */
export function maintenanceAnnotated(pod: Pod, clusterInMaintenance: boolean): Pod {
  const { annotations = {} } = pod.metadata;
  if (!clusterInMaintenance || mirrorAnnotation in annotations) return pod;
  return withAnnotation(pod, maintenanceAnnotation, 'true');
}
