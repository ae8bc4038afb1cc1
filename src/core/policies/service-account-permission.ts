import { violation, type Policy } from './policy.ts';
import {
  changesServiceAccount,
  releaseName,
  serviceAccount,
  type ReleaseRequest,
} from './release-request.ts';

/**
 * Who names a ServiceAccount runs images of their choice with its rights, so they have to be allowed to act as it:
 * Kubernetes' own verb `impersonate`, which the roles `edit` and `admin` hold in their namespace.
 *
 * Guards: MetadataServices CREATE, UPDATE that name another ServiceAccount than before.
 * Allows: the default one; taking it out.
 * Unknown: a permission that could not be checked is not given.
 * Source: docs/design.md, "Verbs".
 */
export const serviceAccountPermission: Policy<ReleaseRequest> = {
  id: 'service-account-permission',
  changes: () => true,
  evaluate(request) {
    const { mayActAs } = request;
    if (!changesServiceAccount(request) || mayActAs.kind === 'not-judged') return [];
    if (mayActAs.kind === 'known' && mayActAs.value) return [];
    const name = serviceAccount(request.object);
    const [namespace = ''] = releaseName(request).split('/');
    return [
      mayActAs.kind === 'unknown'
        ? violation(
            'PermissionRequired',
            'spec.serviceAccountName',
            `whether you may act as ServiceAccount ${namespace}/${name} could not be checked: ${mayActAs.cause}`,
            'try again in a moment',
          )
        : violation(
            'PermissionRequired',
            'spec.serviceAccountName',
            `pods would run as ServiceAccount ${namespace}/${name}, and you may not act as it (the verb "impersonate")`,
            `check with: kubectl auth can-i impersonate serviceaccounts/${name} -n ${namespace}; ask a cluster admin for a Role with it, or name another ServiceAccount`,
          ),
    ];
  },
};
