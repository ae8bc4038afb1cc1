import { randomBytes } from 'node:crypto';
import type { KubernetesObject, ObjectMeta } from '../../api/kubernetes.ts';
import { unsealKeyFinalizer } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import type { ClusterSecrets } from '../../core/model/observation.ts';
import { isClaimable, ownerlessLabels, withoutClaimable } from '../../core/workload/metadata.ts';
import { sameValue } from '../../core/model/same-value.ts';
import { names, sealKeyId, sealKeyName } from '../../core/model/names.ts';
import { sealCredentials } from '../../core/model/seal.ts';
import { fieldManager, unlessOvertaken } from './apply.ts';
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
      labels: ownerlessLabels(cluster),
      annotations: { [sealKeyIdAnnotation]: sealKeyId },
      finalizers: [unsealKeyFinalizer],
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

/**
 * Gives the Secret of an unseal key that an earlier Rollguard made, or a person put back, the finalizer, and takes the
 * label off by which other tools take it for theirs. What it holds stays.
 *
 * @param uid of the very Secret
 * @throws ApiError
 */
export const keepUnsealKey = (
  client: KubernetesClient,
  cluster: OpenBaoCluster,
  uid: string,
): Promise<void> =>
  rewrite(client, cluster, uid, ({ finalizers = [], labels, ...metadata }) => ({
    ...metadata,
    labels: withoutClaimable(cluster, labels),
    // None can be added any more to what is being deleted.
    finalizers:
      metadata.deletionTimestamp === undefined
        ? [...finalizers.filter((each) => each !== unsealKeyFinalizer), unsealKeyFinalizer]
        : finalizers,
  }));

/**
 * Deletes the Secret of an unseal key, its finalizer first. Whether that may be is decided in data-door.ts.
 *
 * @param uid of the very Secret
 * @throws ApiError
 */
export async function deleteUnsealKey(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
  uid: string,
): Promise<void> {
  await rewrite(client, cluster, uid, (metadata) => ({
    ...metadata,
    ...defined({ finalizers: metadata.finalizers?.filter((each) => each !== unsealKeyFinalizer) }),
  }));
  // It may be gone already: its finalizer may have been the last to hold that up.
  await unlessOvertaken(client.remove(secretPath(cluster), { body: { preconditions: { uid } } }));
}

/** Writes other metadata beside the same data, at the version that was read; else the next pass does it. */
async function rewrite(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
  uid: string,
  change: (metadata: ObjectMeta) => ObjectMeta,
): Promise<void> {
  const { namespace = '', name = '' } = cluster.metadata;
  const secret = await readSecret(client, namespace, names(name).unsealKey);
  if (secret?.metadata?.uid !== uid) return;
  const metadata = change(secret.metadata);
  if (sameValue(metadata, secret.metadata)) return;
  await unlessOvertaken(
    client.update(secretPath(cluster), { ...secret, metadata }, { query: { fieldManager } }),
  );
}

const secretPath = ({ metadata: { namespace = '', name = '' } }: OpenBaoCluster) =>
  objectPath({ apiVersion: 'v1', kind: 'Secret', namespace, name: names(name).unsealKey });

/** What is known of the unseal key, as `ClusterSecrets` says it. */
type UnsealKeyState = Pick<
  ClusterSecrets,
  'unsealKey' | 'unsealKeyMalformed' | 'unsealKeyUID' | 'unsealKeyUnkept' | 'unsealKeyGoing'
>;

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
  const { uid, finalizers = [], labels, deletionTimestamp } = secret.metadata ?? {};
  const isGoing = deletionTimestamp !== undefined;
  const isKept = isGoing || finalizers.includes(unsealKeyFinalizer);
  const isThere = (secret.data?.[sealKeyName] ?? '') !== '';
  return {
    unsealKey: isThere,
    ...(isThere ? {} : { unsealKeyMalformed: true }),
    ...(isKept && !isClaimable(cluster, labels) ? {} : { unsealKeyUnkept: true }),
    ...(isGoing ? { unsealKeyGoing: true } : {}),
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
