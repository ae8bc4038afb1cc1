import { missingVerb } from './missing-verb.ts';
import { clusterOf, type PodDeletion } from './pod-deletion.ts';
import type { Policy } from './policy.ts';

/**
 * Deleting a pod of a cluster by hand needs the custom verb `maintenance` on that cluster.
 *
 * Guards: pods DELETE, where `isGuarded`.
 * Allows: whoever holds the verb (a member of system:masters does).
 * Unknown: a permission that could not be checked is not given.
 * Source: docs/facts/openbao-operator.md, section 4 (#347); docs/design.md, "Verbs".
 */
export const podPermissionRequired: Policy<PodDeletion> = {
  id: 'pod-permission-required',
  changes: () => true,
  evaluate: ({ pod, permission }) =>
    missingVerb(
      'maintenance',
      permission,
      `${pod.metadata.namespace}/${clusterOf(pod)}`,
      'metadata.name',
      `deleting pod ${pod.metadata.name}`,
    ),
};
