import { reservedEnding } from '../model/names.ts';
import type { ClusterRequest } from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * A cluster's name must not be one from which another cluster's objects are named too: members of `foo-upgrade` would
 * run as the account that upgrades `foo`, which may log in to it.
 *
 * Guards: OpenBaoCluster CREATE.
 * Allows: such a cluster that is there already, with a warning.
 * Source: docs/design.md, rule 4.
 */
export const nameReserved: Policy<ClusterRequest> = {
  id: 'name-reserved',
  changes: ({ oldObject }) => oldObject === undefined,
  evaluate({ object }) {
    const { name = '' } = object.metadata;
    const ending = reservedEnding(name);
    if (ending === undefined) return [];
    const other = name.slice(0, -ending.length);
    return [
      violation(
        'NameReserved',
        'metadata.name',
        `metadata.name ${name} ends in ${ending}, as the names of what belongs to a cluster ${other} do`,
        `give it a name without that ending, for example with something behind it`,
      ),
    ];
  },
};
