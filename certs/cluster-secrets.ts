import type { KubernetesObject } from '../src/api/kubernetes.ts';
import type { OpenBaoCluster } from '../src/api/openbaocluster.ts';
import { labelsOf, ownerReference } from '../src/core/workload/metadata.ts';
import { names } from '../src/core/model/names.ts';
import type { KubernetesClient } from '../src/io/kubernetes/kubernetes.ts';
import { collectionPath, objectPath } from '../src/io/kubernetes/resources.ts';
import type { Material } from './material.ts';

interface Secret extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * A cluster's material as it is stored, in two Secrets: what members present, and the CA with its key, which no
 * pod mounts. A Secret that is not there is undefined, and its fields are empty.
 */
export interface StoredClusterMaterial {
  readonly material: Material;
  readonly ca: Secret | undefined;
  readonly server: Secret | undefined;
}

/** @throws ApiError */
export async function readClusterMaterial(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
): Promise<StoredClusterMaterial> {
  const { ca: caName, serverCertificate } = names(cluster.metadata.name ?? '');
  const read = (name: string) => client.get<Secret>(pathOf(cluster, name));
  const [ca, server] = await Promise.all([read(caName), read(serverCertificate)]);
  const material = {
    leaf: { cert: text(server, 'tls.crt'), key: text(server, 'tls.key') },
    caBundle: text(ca, 'ca.crt'),
    caKey: text(ca, 'ca.key'),
  };
  return { material, ca, server };
}

/**
 * Stores what has changed, the CA first: between the two writes the leaf is one that has to be renewed, never one
 * that nobody can verify for good. Nothing is overwritten that somebody changed since it was read.
 *
 * @throws ApiError; a conflict (409) when somebody was faster
 */
export async function writeClusterMaterial(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
  stored: StoredClusterMaterial,
  next: Material,
): Promise<void> {
  const { material } = stored;
  const { ca: caName, serverCertificate } = names(cluster.metadata.name ?? '');
  if (stored.ca === undefined || next.caBundle !== material.caBundle || next.caKey !== material.caKey) {
    const data = { 'ca.crt': base64(next.caBundle), 'ca.key': base64(next.caKey) };
    await write(client, cluster, stored.ca, { name: caName, type: 'Opaque', data });
  }
  const { cert, key } = next.leaf;
  if (stored.server === undefined || cert !== material.leaf.cert || key !== material.leaf.key) {
    const data = { 'tls.crt': base64(cert), 'tls.key': base64(key) };
    await write(client, cluster, stored.server, { name: serverCertificate, type: 'kubernetes.io/tls', data });
  }
}

async function write(
  client: KubernetesClient,
  cluster: OpenBaoCluster,
  secret: Secret | undefined,
  wanted: { readonly name: string; readonly type: string; readonly data: Readonly<Record<string, string>> },
): Promise<void> {
  const { name, type, data } = wanted;
  const query = { fieldManager: 'rollguard' };
  if (secret !== undefined) {
    await client.update(pathOf(cluster, name), { ...secret, data: { ...secret.data, ...data } }, { query });
    return;
  }
  const metadata = { name, labels: labelsOf(cluster), ownerReferences: [ownerReference(cluster)] };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, type, data };
  await client.create(collectionPath('v1', 'Secret', cluster.metadata.namespace), body, { query });
}

const pathOf = ({ metadata: { namespace = '' } }: OpenBaoCluster, name: string) =>
  objectPath({ apiVersion: 'v1', kind: 'Secret', namespace, name });

const text = (secret: Secret | undefined, key: string) =>
  Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('latin1');

const base64 = (value: string) => Buffer.from(value, 'latin1').toString('base64');
