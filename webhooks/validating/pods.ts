import type { AdmissionRequest } from '../../src/api/admission-review.ts';
import type { Pod } from '../../src/api/kubernetes.ts';
import { parsePod } from '../../src/api/kubernetes-schemas.ts';
import { evaluatePodDeletion } from '../../src/core/policies/index.ts';
import { clusterOf, isForced, isGuarded } from '../../src/core/policies/pod-deletion.ts';
import { allow, type Decision } from '../../src/core/policies/policy.ts';
import type { Deadline } from '../deadline.ts';
import { required, type RouteContext, type ValidatingRoute } from '../route.ts';

/** Pod DELETE: maintenance and permission. */
export const validatePods: ValidatingRoute = {
  path: '/validate/pods',
  kind: 'validating',
  scope: { group: '', resource: 'pods', operations: ['DELETE'] },
  decide: (request, context, deadline) =>
    decideDeletion(
      required('oldObject', request, parsePod),
      isForced(request.options),
      request,
      context,
      deadline,
    ),
};

/** What the rules say of a pod's deletion, in whichever way somebody asks for it. */
export async function decideDeletion(
  pod: Pod,
  forced: boolean,
  request: AdmissionRequest,
  { facts, trustedControllers }: RouteContext,
  deadline: Deadline,
): Promise<Decision> {
  const deletion = { pod, user: request.userInfo, isForced: forced, trustedControllers };
  const name = clusterOf(pod);
  if (name === undefined || !isGuarded(deletion)) return allow;
  const cluster = { namespace: request.namespace ?? pod.metadata.namespace ?? '', name };
  const permission = await facts.holdsVerb(request.userInfo, 'maintenance', cluster, deadline.signal);
  return evaluatePodDeletion({ ...deletion, permission });
}
