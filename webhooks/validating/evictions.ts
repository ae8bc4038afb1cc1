import { parseEviction } from '../../src/api/admission-review.ts';
import { unreadPod } from '../../src/core/policies/maintenance-required.ts';
import { isForced } from '../../src/core/policies/pod-deletion.ts';
import { allow } from '../../src/core/policies/policy.ts';
import { required, type ValidatingRoute } from '../route.ts';
import { decideDeletion } from './pods.ts';

/**
 * An eviction with a grace period of 0 is a forced deletion by another name: of a pod that is ending it asks no
 * PodDisruptionBudget, and no DELETE of it is ever reviewed. The others are the budget's.
 */
export const validateEvictions: ValidatingRoute = {
  path: '/validate/evictions',
  kind: 'validating',
  scope: { group: '', resource: 'pods', subResources: ['eviction'], operations: ['CREATE'] },
  async decide(request, context, deadline) {
    const { deleteOptions } = required('object', request, parseEviction);
    const { namespace, name } = request;
    if (!isForced(deleteOptions) || namespace === undefined || name === undefined) return allow;
    const pod = await context.facts.pod({ namespace, name }, deadline.signal);
    if (pod.kind === 'unknown') return unreadPod(`${namespace}/${name}`, pod.cause);
    // There is none: the API server says so itself.
    return pod.value === undefined ? allow : decideDeletion(pod.value, true, request, context, deadline);
  },
};
