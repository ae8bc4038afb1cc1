import { confirmCommand, isConfirmed, type ClusterDeletion } from './cluster-deletion.ts';
import { violation, type Policy } from './policy.ts';

/**
 * A deletion that takes data with it is confirmed beforehand, by the uid of the cluster.
 *
 * Guards: OpenBaoCluster DELETE under deletionPolicy DeletePVCs and DeleteAll, where `isGuardedDeletion`.
 * Allows: Retain, which keeps volumes and unseal key; what carries
 * `rollguard.io/confirm-delete: <uid>`.
 * Unknown: a policy that it does not know may take data with it.
 * Source: docs/design.md, "What the gate refuses" and "What would hurt most" (only DeleteAll deletes the unseal
 * Secret).
 */
export const deletionNotConfirmed: Policy<ClusterDeletion> = {
  id: 'deletion-not-confirmed',
  changes: () => true,
  evaluate(deletion) {
    const policy: string = deletion.oldObject.spec.deletionPolicy || 'Retain';
    if (policy === 'Retain' || isConfirmed(deletion)) return [];
    const key =
      policy === 'DeleteAll' ? ' and its unseal key, without which no snapshot of it can be opened' : '';
    return [
      violation(
        'DeletionNotConfirmed',
        'spec.deletionPolicy',
        `spec.deletionPolicy is ${policy}: with the cluster go its volumes${key}`,
        `to keep them, set spec.deletionPolicy to Retain first; to delete them, confirm it: ${confirmCommand(deletion)} ; then delete again`,
      ),
    ];
  },
};
