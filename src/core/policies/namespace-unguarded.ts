import { unguardedNamespaces } from '../../api/labels.ts';
import type { ClusterRequest } from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * A cluster is not made where its pods could never be guarded.
 *
 * Guards: OpenBaoCluster CREATE.
 * Allows: every other namespace, whatever its labels: the controller labels it, and says where that was undone; a
 * cluster that is there already, with a warning.
 * Source: docs/design.md, "What the gate refuses".
 */
export const namespaceUnguarded: Policy<ClusterRequest> = {
  id: 'namespace-unguarded',
  changes: ({ oldObject }) => oldObject === undefined,
  evaluate({ object, oldObject }) {
    const { namespace = '' } = (oldObject ?? object).metadata;
    if (!unguardedNamespaces.includes(namespace)) return [];
    return [
      violation(
        'NamespaceUnguarded',
        'metadata.namespace',
        `the namespace ${namespace} is left out by the webhooks for pods, so members there can be deleted without a question`,
        'create the cluster in a namespace of its own',
      ),
    ];
  },
};
