import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child } from './metadata.ts';
import { names } from '../model/names.ts';

const rbac = 'rbac.authorization.k8s.io';

/** Who the members and the executor's Jobs are. Only the members may do anything at the API server. */
export function accounts(
  { cluster }: Pick<WorkloadInputs, 'cluster'>,
  pods: readonly string[],
): readonly KubernetesObject[] {
  const own = names(cluster.metadata.name ?? '');
  const serviceAccount = (name: string) =>
    child(
      cluster,
      { apiVersion: 'v1', kind: 'ServiceAccount', name },
      { automountServiceAccountToken: false },
    );
  const { serviceAccountAnnotations: annotations } = cluster.spec.unseal ?? {};
  const membersAccount = serviceAccount(own.serviceAccount);
  const members = { apiVersion: `${rbac}/v1`, name: own.serviceAccount };
  return [
    annotations === undefined
      ? membersAccount
      : { ...membersAccount, metadata: { ...membersAccount.metadata, annotations } },
    serviceAccount(own.upgradeServiceAccount),
    serviceAccount(own.backupServiceAccount),
    serviceAccount(own.restoreServiceAccount),
    child(cluster, { ...members, kind: 'Role' }, { rules: [ownLabels(pods)] }),
    child(
      cluster,
      { ...members, kind: 'RoleBinding' },
      {
        roleRef: { apiGroup: rbac, kind: 'Role', name: own.serviceAccount },
        subjects: [
          {
            kind: 'ServiceAccount',
            name: own.serviceAccount,
            namespace: cluster.metadata.namespace ?? '',
          },
        ],
      },
    ),
  ];
}

/**
 * What OpenBao's service registration needs to label its pod (docs/facts/openbao.md, section 8), on these pods
 * alone.
 */
const ownLabels = (pods: readonly string[]) => ({
  apiGroups: [''],
  resources: ['pods'],
  resourceNames: pods,
  verbs: ['get', 'update', 'patch'],
});
