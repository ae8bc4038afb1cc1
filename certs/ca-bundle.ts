import type { KubernetesObject } from '../src/api/kubernetes.ts';
import type { KubernetesClient } from '../src/io/kubernetes.ts';

/** Under which name the API server remembers who wrote `caBundle`. */
export const caFieldManager = 'rollguard-ca';

/** The names of the configurations whose webhooks are ours. */
export interface WebhookConfigurations {
  readonly validating: readonly string[];
  readonly mutating: readonly string[];
}

interface WebhookConfiguration extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & { readonly resourceVersion?: string };
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
 * Writes the bundle into `clientConfig.caBundle` of each webhook that has another one.
 * A configuration that is not there stays so, and one that is right is not written.
 */
export async function publishCaBundle(
  client: KubernetesClient,
  { validating, mutating }: WebhookConfigurations,
  caBundle: string,
  signal?: AbortSignal,
): Promise<Publication> {
  const written: string[] = [];
  const failures: Error[] = [];
  const all = [
    ...validating.map((name) => `validatingwebhookconfigurations/${name}`),
    ...mutating.map((name) => `mutatingwebhookconfigurations/${name}`),
  ];
  for (const configuration of all) {
    try {
      if (await publishIn(client, configuration, caBundle, signal)) written.push(configuration);
    } catch (error) {
      failures.push(error as Error);
    }
  }
  return { written, failures };
}

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
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const path = `/apis/admissionregistration.k8s.io/v1/${configuration}`;
  const found = await client.get<WebhookConfiguration>(path, { signal });
  const value = Buffer.from(caBundle).toString('base64');
  const writes = (found?.webhooks ?? []).flatMap(({ clientConfig }, index) =>
    clientConfig?.caBundle === value
      ? []
      : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value }],
  );
  if (found === undefined || writes.length === 0) return false;
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
