import { parsePod } from '../../src/api/kubernetes-schemas.ts';
import { evaluatePodDeletion } from '../../src/core/policies/index.ts';
import { clusterOf, isGuarded } from '../../src/core/policies/pod-deletion.ts';
import { allow } from '../../src/core/policies/policy.ts';
import { required, type ValidatingRoute } from '../route.ts';

/** Pod DELETE: maintenance and permission. */
export const validatePods: ValidatingRoute = {
  path: '/validate/pods',
  kind: 'validating',
  scope: { group: '', resource: 'pods', operations: ['DELETE'] },
  async decide(request, { facts, trustedControllers }, deadline) {
    const pod = required('oldObject', request, parsePod);
    const deletion = { pod, user: request.userInfo, trustedControllers };
    const name = clusterOf(pod);
    if (name === undefined || !isGuarded(deletion)) return allow;
    const cluster = { namespace: request.namespace ?? pod.metadata.namespace ?? '', name };
    const permission = await facts.holdsVerb(request.userInfo, 'maintenance', cluster, deadline.signal);
    return evaluatePodDeletion({ ...deletion, permission });
  },
};
