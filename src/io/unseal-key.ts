import { randomBytes } from 'node:crypto';
import type { KubernetesObject } from '../api/kubernetes.ts';
import type { OpenBaoCluster } from '../api/openbaocluster.ts';
import { labelsOf } from '../core/workload/metadata.ts';
import { names, sealKeyId, sealKeyName } from '../core/workload/names.ts';
import { isConflict, type KubernetesClient } from './kubernetes.ts';

/** Annotation on the Secret: which key of OpenBao's static seal it holds. */
export const sealKeyIdAnnotation = 'rollguard.io/seal-key-id';

/** Bytes of an AES-256 key. */
const keyBytes = 32;

/**
 * Makes the unseal key of a cluster, once: one that is there stays, whatever it is. The Secret is immutable, and has
 * no owner, because the data outlives the cluster under deletionPolicy Retain (design.md, "What would hurt most").
 *
 * The key is stored as 64 hexadecimal digits, which OpenBao takes for 32 bytes (reference/openbao.md, section 2): a
 * text survives every backup.
 *
 * @throws ApiError, which never holds the key
 */
export async function createUnsealKey(client: KubernetesClient, cluster: OpenBaoCluster): Promise<void> {
  const key = randomBytes(keyBytes).toString('hex');
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: names(cluster.metadata.name ?? '').unsealKey,
      labels: labelsOf(cluster),
      annotations: { [sealKeyIdAnnotation]: sealKeyId },
    },
    type: 'Opaque',
    immutable: true,
    data: { [sealKeyName]: Buffer.from(key).toString('base64') },
  };
  try {
    await client.create(collection(cluster), body, { query: { fieldManager: 'rollguard-controller' } });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/**
 * Whether the unseal key is there.
 *
 * @returns the uid of its Secret; undefined when the Secret is not there, or empty
 * @throws ApiError
 */
export async function unsealKeyUID(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
): Promise<string | undefined> {
  const name = names(cluster.metadata.name ?? '').unsealKey;
  const secret = await client.get<KubernetesObject & { readonly data?: Readonly<Record<string, string>> }>(
    `${collection(cluster)}/${encodeURIComponent(name)}`,
  );
  return (secret?.data?.[sealKeyName] ?? '') === '' ? undefined : secret?.metadata?.uid;
}

const collection = ({ metadata }: OpenBaoCluster) =>
  `/api/v1/namespaces/${encodeURIComponent(metadata.namespace ?? '')}/secrets`;
