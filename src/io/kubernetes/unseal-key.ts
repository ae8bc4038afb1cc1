import { randomBytes } from 'node:crypto';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import type { ClusterSecrets } from '../../core/model/observation.ts';
import { labelsOf } from '../../core/workload/metadata.ts';
import { names, sealKeyId, sealKeyName } from '../../core/model/names.ts';
import { sealCredentials } from '../../core/model/seal.ts';
import { fieldManager } from './apply.ts';
import { isConflict, type KubernetesClient } from './kubernetes.ts';
import { collectionPath, objectPath } from './resources.ts';

/** Annotation on the Secret: which key of OpenBao's static seal it holds. */
export const sealKeyIdAnnotation = 'rollguard.io/seal-key-id';

/** Bytes of an AES-256 key. */
const keyBytes = 32;

/**
 * Makes the unseal key of a cluster, once: one that is there stays, whatever it is. The Secret is immutable, and has
 * no owner, because the data outlives the cluster under deletionPolicy Retain
 * (docs/design.md, "What would hurt most").
 *
 * The key is stored as 64 hexadecimal digits, which OpenBao takes for 32 bytes (docs/facts/openbao.md, section 2): a
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
    await client.create(collectionPath('v1', 'Secret', cluster.metadata.namespace), body, {
      query: { fieldManager },
    });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/** What is known of the unseal key, as `ClusterSecrets` says it. */
type UnsealKeyState = Pick<ClusterSecrets, 'unsealKey' | 'unsealKeyMalformed' | 'unsealKeyUID'>;

/**
 * Whether the unseal key is there. A Secret without it is malformed: making one would meet the Secret for ever.
 *
 * @throws ApiError
 */
export async function inspectUnsealKey(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
): Promise<UnsealKeyState> {
  const { namespace = '', name: of = '' } = cluster.metadata;
  const secret = await readSecret(client, namespace, names(of).unsealKey);
  if (secret === undefined) return { unsealKey: false };
  const uid = secret.metadata?.uid;
  const isThere = (secret.data?.[sealKeyName] ?? '') !== '';
  return {
    unsealKey: isThere,
    ...(isThere ? {} : { unsealKeyMalformed: true }),
    ...defined({ unsealKeyUID: uid }),
  };
}

type Secret = KubernetesObject & { readonly data?: Readonly<Record<string, string>> };

const readSecret = (client: KubernetesClient, namespace: string, name: string) =>
  client.get<Secret>(objectPath({ apiVersion: 'v1', kind: 'Secret', namespace, name }));

/**
 * Which entries of the Secret with the seal's credentials are missing or empty; nothing where none is.
 *
 * @throws ApiError
 */
export async function inspectSealCredentials(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
): Promise<Pick<ClusterSecrets, 'missingSealCredentials'>> {
  const wanted = sealCredentials(cluster);
  if (wanted === undefined) return {};
  const secret = await readSecret(client, cluster.metadata.namespace ?? '', wanted.secret);
  const missing = wanted.keys.filter((key) => (secret?.data?.[key] ?? '') === '');
  return missing.length === 0 ? {} : { missingSealCredentials: missing };
}
