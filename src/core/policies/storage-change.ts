import { defaultSize } from '../workload/claim-templates.ts';
import { canonicalQuantity } from '../workload/quantity.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { printable } from '../model/printable.ts';
import { storedStatus, type ClusterRequest } from './cluster-request.ts';
import { warning, type Policy } from './policy.ts';

/**
 * A changed size or class of the volumes changes no volume that is there: who sees no answer takes it for done, and
 * who lowers it for saved.
 *
 * Guards: OpenBaoCluster UPDATE of spec.storage.size and spec.storage.storageClassName, with a warning.
 * Allows: the change, for the next set of members is made by it; the default written down or left out; a cluster that has no members yet.
 * Source: docs/clusters.md.
 */
export const storageChange: Policy<ClusterRequest> = {
  id: 'storage-change',
  changes: ({ object, oldObject }) =>
    oldObject !== undefined && fields.some(([, of]) => of(object) !== of(oldObject)),
  evaluate(request) {
    const { object, oldObject } = request;
    if (oldObject === undefined || storedStatus(request).currentVersion === undefined) return [];
    const changed = fields.flatMap(([path, of]) =>
      of(object) === of(oldObject)
        ? []
        : [`${path} (${printable(of(oldObject))} to ${printable(of(object))})`],
    );
    if (changed.length === 0) return [];
    const { name = 'NAME', namespace = 'default' } = object.metadata;
    return [
      warning(
        `${changed.join(' and ')} changes no volume that is there, nor those of members that are added; only the members of a blue-green upgrade get new ones, of at least the largest size that there is. To enlarge volumes, enlarge each claim (kubectl get pvc -n ${namespace} -l openbao.org/cluster=${name})`,
      ),
    ];
  },
};

const fields: readonly (readonly [path: string, of: (cluster: OpenBaoCluster) => string])[] = [
  ['spec.storage.size', ({ spec }) => canonicalQuantity(spec.storage?.size ?? defaultSize)],
  ['spec.storage.storageClassName', ({ spec }) => spec.storage?.storageClassName ?? 'the default class'],
];
