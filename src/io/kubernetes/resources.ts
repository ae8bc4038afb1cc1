import type { KubernetesObject } from '../../api/kubernetes.ts';
import { defined } from '../../api/object-fields.ts';
import type { Target } from '../../core/model/decision.ts';

/** Every kind that Rollguard reads or writes, by apiVersion and kind: its name in a path. */
const resources: Readonly<Record<string, string>> = {
  'v1/ConfigMap': 'configmaps',
  'v1/Namespace': 'namespaces',
  'v1/PersistentVolumeClaim': 'persistentvolumeclaims',
  'v1/PersistentVolume': 'persistentvolumes',
  'v1/Pod': 'pods',
  'v1/ResourceQuota': 'resourcequotas',
  'v1/Secret': 'secrets',
  'v1/Service': 'services',
  'v1/ServiceAccount': 'serviceaccounts',
  'apps/v1/ControllerRevision': 'controllerrevisions',
  'apps/v1/Deployment': 'deployments',
  'apps/v1/StatefulSet': 'statefulsets',
  'batch/v1/Job': 'jobs',
  'coordination.k8s.io/v1/Lease': 'leases',
  'discovery.k8s.io/v1/EndpointSlice': 'endpointslices',
  'e6data.io/v1alpha1/MetadataServices': 'metadataservices',
  'events.k8s.io/v1/Event': 'events',
  'networking.k8s.io/v1/NetworkPolicy': 'networkpolicies',
  'openbao.org/v1alpha1/OpenBaoCluster': 'openbaoclusters',
  'openbao.org/v1alpha1/OpenBaoRestore': 'openbaorestores',
  'policy/v1/PodDisruptionBudget': 'poddisruptionbudgets',
  'rbac.authorization.k8s.io/v1/Role': 'roles',
  'rbac.authorization.k8s.io/v1/RoleBinding': 'rolebindings',
  'storage.k8s.io/v1/StorageClass': 'storageclasses',
};

/**
 * The path of a kind's collection: in a namespace, or over all of them.
 *
 * @throws Error for a kind that Rollguard does not know, which is a defect
 */
export function collectionPath(apiVersion: string, kind: string, namespace?: string): string {
  const resource = resources[`${apiVersion}/${kind}`];
  if (resource === undefined) throw new Error(`no path is known for ${apiVersion} ${kind}`);
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${group}${within}/${resource}`;
}

/** The path of one object. @throws Error for a kind that Rollguard does not know */
export function objectPath({ apiVersion, kind, namespace, name }: Target): string {
  return `${collectionPath(apiVersion, kind, namespace)}/${encodeURIComponent(name)}`;
}

/** The names of an object. @throws Error when it lacks one, which is a defect */
export function targetOf({ apiVersion, kind, metadata }: KubernetesObject): Target {
  const name = metadata?.name;
  if (apiVersion === undefined || kind === undefined || name === undefined)
    throw new Error(`an object without apiVersion, kind or name cannot be written`);
  const namespace = metadata?.namespace;
  return { apiVersion, kind, name, ...defined({ namespace }) };
}
