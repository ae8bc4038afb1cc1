import { parseOpenBaoCluster } from '../../api/openbaocluster.ts';
import { parsePersistentVolumeClaim, parsePod } from '../../api/kubernetes-schemas.ts';
import {
  clusterLabel,
  enforceLabel,
  guardedResources,
  type GuardedResource,
  type Verb,
} from '../../api/labels.ts';
import type { PersistentVolumeClaim, Pod, UserInfo } from '../../api/kubernetes.ts';
import { defined } from '../../api/object-fields.ts';
import type { Known } from '../../core/model/known.ts';
import { claimsOfMembers } from '../../core/model/revisions.ts';
import { maintenanceEnabled } from '../../core/model/selectors.ts';
import type { KubernetesClient } from './kubernetes.ts';
import { readKnown } from '../read-known.ts';
import { readTogether } from '../read-together.ts';
import { collectionPath, objectPath } from './resources.ts';

/** A cluster by its names. */
export interface ClusterKey {
  readonly namespace: string;
  readonly name: string;
}

/** What a verb is held on: a cluster, unless another resource is named. */
interface VerbTarget extends ClusterKey {
  readonly resource?: GuardedResource;
}

/** What the gate reads about a request. Nothing here throws: what cannot be read is unknown, and says why. */
export interface AdmissionFacts {
  readonly volumes: (
    cluster: ClusterKey,
    signal: AbortSignal,
  ) => Promise<Known<readonly PersistentVolumeClaim[]>>;
  readonly pods: (cluster: ClusterKey, signal: AbortSignal) => Promise<Known<readonly Pod[]>>;
  /** The pod of that name; undefined where there is none. */
  readonly pod: (pod: ClusterKey, signal: AbortSignal) => Promise<Known<Pod | undefined>>;
  /** Whether the user holds the verb on the object, by SubjectAccessReview. */
  readonly holdsVerb: (
    user: UserInfo,
    verb: Verb,
    target: VerbTarget,
    signal: AbortSignal,
  ) => Promise<Known<boolean>>;
  /** Whether the user may act as the ServiceAccount, by SubjectAccessReview. Files alone do not tell. */
  readonly mayActAs: (
    user: UserInfo,
    account: ClusterKey,
    signal: AbortSignal,
  ) => Promise<Known<boolean> | { readonly kind: 'not-judged' }>;
  /** Whether `spec.maintenance.enabled` is set; false for a cluster that does not exist. */
  readonly inMaintenance: (cluster: ClusterKey, signal: AbortSignal) => Promise<Known<boolean>>;
  /** Whether the namespace is labelled `rollguard.io/enforce: warn`. Several may share one reading, so no signal ends it early. */
  readonly warnsOnly: (namespace: string, signal: AbortSignal) => Promise<Known<boolean>>;
}

const ofCluster = (name: string) => ({ labelSelector: `${clusterLabel}=${name}` });

/** The facts of a live cluster, each read when asked for. */
export function admissionFacts(client: KubernetesClient): AdmissionFacts {
  return {
    volumes: ({ namespace, name }, signal) =>
      readKnown(async () => {
        const path = collectionPath('v1', 'PersistentVolumeClaim', namespace);
        const claims = await client.list<Partial<PersistentVolumeClaim>>(path, { signal });
        return claimsOfMembers(name, claims).map(parsePersistentVolumeClaim);
      }),
    pods: ({ namespace, name }, signal) =>
      readKnown(async () => {
        const path = collectionPath('v1', 'Pod', namespace);
        const pods = await client.list(path, { query: ofCluster(name), signal });
        return pods.map(parsePod);
      }),
    // By a list of one: the gate may list pods, and nothing more.
    pod: ({ namespace, name }, signal) =>
      readKnown(async () => {
        const query = { fieldSelector: `metadata.name=${name}` };
        const [pod] = await client.list(collectionPath('v1', 'Pod', namespace), { query, signal });
        return pod === undefined ? undefined : parsePod(pod);
      }),
    holdsVerb: (user, verb, { resource = 'openbaoclusters', namespace, name }, signal) => {
      const { group } = guardedResources[resource];
      return isAllowed(client, user, { group, resource, verb, namespace, name }, signal);
    },
    mayActAs: (user, { namespace, name }, signal) => {
      const attributes = { group: '', resource: 'serviceaccounts', verb: 'impersonate', namespace, name };
      return isAllowed(client, user, attributes, signal);
    },
    inMaintenance: ({ namespace, name }, signal) =>
      readKnown(async () => {
        const target = { apiVersion: 'openbao.org/v1alpha1', kind: 'OpenBaoCluster', namespace, name };
        const cluster = await client.get(objectPath(target), { signal });
        return cluster === undefined ? false : maintenanceEnabled(parseOpenBaoCluster(cluster));
      }),
    // Every denial asks for it.
    warnsOnly: readTogether((namespace) =>
      readKnown(async () => {
        const found = await client.get<{ metadata?: { labels?: Record<string, string> } }>(
          objectPath({ apiVersion: 'v1', kind: 'Namespace', name: namespace }),
        );
        return found?.metadata?.labels?.[enforceLabel] === 'warn';
      }),
    ),
  };
}

function isAllowed(
  client: KubernetesClient,
  user: UserInfo,
  resourceAttributes: object,
  signal: AbortSignal,
): Promise<Known<boolean>> {
  return readKnown(async () => {
    const review = await client.create<{ status?: { allowed?: boolean } }>(
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: user.username ?? '',
          ...defined({ uid: user.uid }),
          groups: user.groups ?? [],
          extra: user.extra ?? {},
          resourceAttributes,
        },
      },
      { signal },
    );
    return review.status?.allowed === true;
  });
}
