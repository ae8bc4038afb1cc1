import { isConfirmed } from '../model/data-door.ts';
import { confirmCommand, type ClusterDeletion } from './cluster-deletion.ts';
import { operationUnderWay } from './cluster-operation.ts';
import { violation, type Policy } from './policy.ts';

/**
 * A cluster is not deleted in the midst of an operation by accident: what is left then is
 * neither the version before nor the one after.
 *
 * Guards: OpenBaoCluster DELETE, where `isGuardedDeletion`.
 * Allows: a cluster at rest; what carries `rollguard.io/confirm-delete: <uid>`, for a cluster
 * that is stuck must be able to go.
 * Source: docs/design.md, "What the gate refuses".
 */
export const deletionMidOperation: Policy<ClusterDeletion> = {
  id: 'deletion-mid-operation',
  changes: () => true,
  evaluate(deletion) {
    const operation = operationUnderWay(deletion);
    if (operation === undefined || isConfirmed(deletion.oldObject)) return [];
    return [
      violation(
        'OperationInProgress',
        'DELETE openbaoclusters',
        `the cluster cannot be deleted while ${operation}`,
        `delete it when the operation has ended; to delete it now, confirm the deletion: ${confirmCommand(deletion)} ; then delete again`,
      ),
    ];
  },
};
