import type { Verb } from '../../api/labels.ts';
import {
  acknowledgement,
  changesAcknowledgement,
  changesMaintenance,
  clusterName,
  type ClusterRequest,
} from './cluster-request.ts';
import { acknowledgesEarlier } from './break-glass.ts';
import { violation, type Permission, type Policy, type Violation } from './policy.ts';

/**
 * Maintenance and the acknowledgement of an incident are for those who hold the custom
 * verbs `maintenance` and `acknowledge` on this cluster.
 *
 * Guards: OpenBaoCluster UPDATE where the value changes, CREATE where it is not the default.
 * Allows: everything else; clearing an acknowledgement or putting an old one back, which
 * acknowledges nothing (GitOps must be able to).
 * Unknown: a permission that could not be checked is not given.
 * Source: design.md, "Custom RBAC verbs"; reference/openbao-operator.md section 4 (#347).
 */
export const clusterPermissionRequired: Policy<ClusterRequest> = {
  id: 'cluster-permission-required',
  changes: () => true,
  evaluate: (request) =>
    verbsNeeded(request).flatMap((verb) =>
      missingVerb(verb, request.permissions[verb], clusterName(request), fields[verb]),
    ),
};

const fields: Readonly<Record<Verb, string>> = {
  maintenance: 'spec.maintenance.enabled',
  acknowledge: 'spec.breakGlassAck',
};

/** The verbs that this request needs: the only ones that have to be asked for. */
export function verbsNeeded(
  request: Pick<ClusterRequest, 'object' | 'oldObject' | 'operation'>,
): readonly Verb[] {
  const needed: Verb[] = [];
  if (changesMaintenance(request)) needed.push('maintenance');
  const acknowledges = acknowledgement(request.object) !== '' && changesAcknowledgement(request);
  if (acknowledges && !acknowledgesEarlier(request)) needed.push('acknowledge');
  return needed;
}

/**
 * @param cluster `namespace/name`
 * @param path the field that it is about
 * @param what what the caller wants to do, for the message
 * @returns nothing where the verb is held or nobody asked
 */
export function missingVerb(
  verb: Verb,
  permission: Permission,
  cluster: string,
  path: string,
  what = path,
): readonly Violation[] {
  if (permission.kind === 'not-judged' || (permission.kind === 'known' && permission.value)) return [];
  const [namespace, name] = cluster.split('/');
  return [
    permission.kind === 'unknown'
      ? violation(
          'PermissionRequired',
          path,
          `whether you hold the verb "${verb}" on openbaocluster ${cluster} could not be checked: ${permission.cause}`,
          'try again in a moment',
        )
      : violation(
          'PermissionRequired',
          path,
          `${what} needs the verb "${verb}" on openbaocluster ${cluster}, and you do not hold it`,
          `check with: kubectl auth can-i ${verb} openbaoclusters.openbao.org/${name} -n ${namespace}; ask a cluster admin for a Role with it`,
        ),
  ];
}
