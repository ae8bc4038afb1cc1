import { hasStaticSeal } from '../model/seal.ts';
import { isConfirmed, policyOf } from '../model/data-door.ts';
import { confirmCommand, type ClusterDeletion } from './cluster-deletion.ts';
import { violation, type Policy } from './policy.ts';

/**
 * A deletion that takes data with it is confirmed beforehand, by the uid of the cluster.
 *
 * Guards: OpenBaoCluster DELETE under deletionPolicy DeletePVCs and DeleteAll, where `isGuardedDeletion`.
 * Allows: Retain, which keeps volumes and unseal key; what carries
 * `rollguard.io/confirm-delete: <uid>`.
 * Unknown: a policy that it does not know is Retain, as for the controller, which alone deletes data.
 * Source: docs/design.md, "What the gate refuses" and "What would hurt most" (only DeleteAll deletes the unseal
 * Secret).
 */
export const deletionNotConfirmed: Policy<ClusterDeletion> = {
  id: 'deletion-not-confirmed',
  changes: () => true,
  evaluate(deletion) {
    const policy = policyOf(deletion.oldObject);
    if (policy === 'Retain' || isConfirmed(deletion.oldObject)) return [];
    const key =
      policy === 'DeleteAll' && hasStaticSeal(deletion.oldObject)
        ? ' and its unseal key, without which none of its snapshots can be opened'
        : '';
    return [
      violation(
        'DeletionNotConfirmed',
        'spec.deletionPolicy',
        `spec.deletionPolicy is ${policy}: deleting the cluster also deletes its volumes${key}`,
        `to keep them, set spec.deletionPolicy to Retain first; to delete them, confirm the deletion: ${confirmCommand(deletion)} ; then delete again`,
      ),
    ];
  },
};
