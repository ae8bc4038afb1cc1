import type { KubernetesObject } from '../src/api/kubernetes.ts';
import type { KubernetesClient } from '../src/io/kubernetes/kubernetes.ts';

/** Under which name the API server remembers who wrote `caBundle`. */
const caFieldManager = 'rollguard-ca';

/** The names of the configurations whose webhooks are ours. */
export interface WebhookConfigurations {
  readonly validating: readonly string[];
  readonly mutating: readonly string[];
  /** The Namespace that owns them: with it gone, the garbage collector takes them, and nothing is refused by nobody. */
  readonly namespace: string;
}

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

interface WebhookConfiguration extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & {
    readonly resourceVersion?: string;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig?: { readonly caBundle?: string };
  }[];
}

/** What a try to publish has done. Each configuration is one try of its own. */
export interface Publication {
  /** The configurations that were written, as `validatingwebhookconfigurations/name`. */
  readonly written: readonly string[];
  /** An ApiError for each configuration that could not be read or written. None: all that are there carry the bundle. */
  readonly failures: readonly Error[];
}

/**
 * Writes the bundle into `clientConfig.caBundle` of each webhook that has another one, and our
 * Namespace into its owners.
 * A configuration that is not there stays so, and one that is right is not written.
 */
export async function publishCaBundle(
  client: KubernetesClient,
  { validating, mutating, namespace }: WebhookConfigurations,
  caBundle: string,
  signal?: AbortSignal,
): Promise<Publication> {
  const written: string[] = [];
  const failures: Error[] = [];
  const all = [
    ...validating.map((name) => `validatingwebhookconfigurations/${name}`),
    ...mutating.map((name) => `mutatingwebhookconfigurations/${name}`),
  ];
  // Without it the bundle is written all the same; the next try asks again.
  const owner = await ownerReference(client, namespace, signal).catch(() => undefined);
  for (const configuration of all) {
    try {
      if (await publishIn(client, configuration, caBundle, owner, signal)) written.push(configuration);
    } catch (error) {
      failures.push(error as Error);
    }
  }
  return { written, failures };
}

/** What a replica knows of the bundle it publishes. It begins anew with the process: then a rotation takes longer. */
export interface PublicationRecord {
  readonly bundle: string;
  /** Milliseconds since 1970: when every configuration was first seen with it. */
  readonly since: number;
  /** Whether the last try failed: the configurations may have changed since they were seen. */
  readonly isInDoubt: boolean;
}

/**
 * The record after one more try.
 *
 * A write starts no new count by itself: who puts an old caBundle back every few minutes could else
 * hold up a rotation until the certificate ends. A write after failures does, because nobody knows for
 * how long the bundle was not there.
 */
export function notePublication(
  before: PublicationRecord | undefined,
  bundle: string,
  { written, failures }: Publication,
  now: number,
): PublicationRecord | undefined {
  const known = before?.bundle === bundle ? before : undefined;
  if (failures.length > 0) return known && { ...known, isInDoubt: true };
  if (known === undefined || (known.isInDoubt && written.length > 0)) {
    return { bundle, since: now, isInDoubt: false };
  }
  return { ...known, isInDoubt: false };
}

/** Since when the configurations carry the bundle, if they surely do. */
export const publishedSince = (record: PublicationRecord | undefined): number | undefined =>
  record === undefined || record.isInDoubt ? undefined : record.since;

/**
 * A JSON Patch, not server-side apply. An applied field keeps its list entry alive: who then applies the
 * configuration with one webhook less gets 422, because an entry without rules remains (Kubernetes 1.36).
 * A field that was written by a patch goes with its entry; and a patch creates nothing.
 *
 * @returns whether it was written
 */
async function publishIn(
  client: KubernetesClient,
  configuration: string,
  caBundle: string,
  owner: OwnerReference | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const path = `/apis/admissionregistration.k8s.io/v1/${configuration}`;
  const found = await client.get<WebhookConfiguration>(path, { signal });
  const value = Buffer.from(caBundle).toString('base64');
  const writes: { op: 'add'; path: string; value: unknown }[] = (found?.webhooks ?? []).flatMap(
    ({ clientConfig }, index) =>
      clientConfig?.caBundle === value
        ? []
        : [{ op: 'add' as const, path: `/webhooks/${index}/clientConfig/caBundle`, value }],
  );
  if (found === undefined) return false;
  const owners = found.metadata?.ownerReferences ?? [];
  if (owner !== undefined && !owners.some(({ uid }) => uid === owner.uid)) {
    // A Namespace of that name that was deleted would take the configuration with it.
    const others = owners.filter(({ kind, name }) => kind !== owner.kind || name !== owner.name);
    writes.push({ op: 'add', path: '/metadata/ownerReferences', value: [...others, owner] });
  }
  if (writes.length === 0) return false;
  const unchanged = { op: 'test', path: '/metadata/resourceVersion', value: found.metadata?.resourceVersion };
  await client.request({
    method: 'PATCH',
    path,
    query: { fieldManager: caFieldManager },
    contentType: 'application/json-patch+json',
    body: [unchanged, ...writes],
    signal,
  });
  return true;
}

async function ownerReference(
  client: KubernetesClient,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<OwnerReference | undefined> {
  const found = await client.get<KubernetesObject>(`/api/v1/namespaces/${namespace}`, { signal });
  const uid = found?.metadata?.uid;
  return uid === undefined ? undefined : { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid };
}
