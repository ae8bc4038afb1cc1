import { parsePod } from '../../src/api/kubernetes-schemas.ts';
import { maintenanceAnnotated } from '../../src/core/mutations/maintenance-annotation.ts';
import { clusterOf } from '../../src/core/policies/pod-deletion.ts';
import { required, type MutatingRoute } from '../route.ts';

/** Pod CREATE: the maintenance annotation, where the pod's cluster is in maintenance. */
export const mutatePods: MutatingRoute = {
  path: '/mutate/pods',
  kind: 'mutating',
  scope: { group: '', resource: 'pods', operations: ['CREATE'] },
  async mutate(request, { facts }, deadline) {
    const pod = required('object', request, parsePod);
    const name = clusterOf(pod);
    if (name === undefined) return { before: pod, after: pod };
    const cluster = { namespace: request.namespace ?? pod.metadata.namespace ?? '', name };
    const maintenance = await facts.inMaintenance(cluster, deadline.signal);
    // Unknown never means yes: without the annotation, deleting the pod is refused, which is the safe side.
    const enabled = maintenance.kind === 'known' && maintenance.value;
    return { before: pod, after: maintenanceAnnotated(pod, enabled) };
  },
};
