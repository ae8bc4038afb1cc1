import { parsePod } from '../../src/api/kubernetes-schemas.ts';
import { decidePodDeletion } from '../../src/core/policies/index.ts';
import { clusterOf, isGuarded } from '../../src/core/policies/pod-deletion.ts';
import { allow } from '../../src/core/policies/policy.ts';
import { answerDecision } from '../admission-review.ts';
import { answerEnforced } from '../enforcement.ts';
import { assertScope, required, type Route } from '../route.ts';

/** Pod DELETE: maintenance and permission. */
export const validatePods: Route = {
  path: '/validate/pods',
  kind: 'validating',
  async answer(request, context, deadline) {
    assertScope(request, { group: '', resource: 'pods', operations: ['DELETE'] });
    const pod = required('oldObject', request, parsePod);
    const deletion = { pod, user: request.userInfo, trustedControllers: context.trustedControllers };
    const name = clusterOf(pod);
    if (name === undefined || !isGuarded(deletion)) return answerDecision(request.uid, allow);
    const cluster = { namespace: request.namespace ?? pod.metadata.namespace ?? '', name };
    const permission = await context.facts.holdsVerb(
      request.userInfo,
      'maintenance',
      cluster,
      deadline.signal,
    );
    const decision = decidePodDeletion({ ...deletion, permission });
    return answerEnforced(request.uid, decision, cluster.namespace, context, deadline);
  },
};
