import type { Pod } from '../../src/api/kubernetes.ts';
import { names } from '../../src/core/model/names.ts';
import type { KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { collectionPath, objectPath } from '../../src/io/kubernetes/resources.ts';

/** The pods of a cluster's members. */
export const serverPods = (
  client: KubernetesClient,
  namespace: string,
  cluster: string,
): Promise<readonly Pod[]> =>
  client.list<Pod>(collectionPath('v1', 'Pod', namespace), {
    query: { labelSelector: `openbao.org/cluster=${cluster},openbao.org/component=server` },
  });

/** The CA that they are trusted by, PEM; undefined when they serve without TLS. */
export async function serverCa(
  client: KubernetesClient,
  namespace: string,
  cluster: string,
): Promise<string | undefined> {
  const secret = await client.get<{ data: Record<string, string> }>(
    objectPath({ apiVersion: 'v1', kind: 'Secret', namespace, name: names(cluster).ca }),
  );
  return secret === undefined ? undefined : Buffer.from(secret.data['ca.crt'] ?? '', 'base64').toString();
}
