import { printable } from '../model/printable.ts';
import { sealId, wrongFromTheStart } from '../model/seal.ts';
import { storedStatus, type ClusterRequest } from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * The seal of a cluster with data, and the key of it, stay: OpenBao moves data to another seal only by a migration,
 * which nobody has automated yet.
 *
 * Guards: OpenBaoCluster UPDATE.
 * Allows: another address, credential, region or plugin for the same key; any seal before the first initialization;
 * going back to the seal that the data has.
 * Source: docs/facts/openbao-2.6-measured.md, section 5 (a start whose seal does not open exits 1).
 */
export const sealChangeBlocked: Policy<ClusterRequest> = {
  id: 'seal-change-blocked',
  changes: ({ object, oldObject }) => oldObject === undefined || sealId(object) !== sealId(oldObject),
  evaluate(request) {
    const { object, oldObject } = request;
    const { initialized, seal } = storedStatus(request);
    if (oldObject === undefined || initialized !== true) return [];
    const wanted = sealId(object);
    // Where none is recorded, what is stored is all that is known, also of another operator's cluster.
    const ofData = seal ?? sealId(oldObject);
    if (wanted === ofData) return [];
    return [
      violation(
        'SealChangeBlocked',
        'spec.unseal',
        `spec.unseal asks for the seal "${printable(wanted)}", and the data of this cluster is sealed with "${printable(ofData)}"`,
        `put spec.unseal back; for another seal create another OpenBaoCluster with it, and move the secrets there: a snapshot opens only with the seal it was made under${seal === undefined ? wrongFromTheStart : ''}`,
      ),
    ];
  },
};
