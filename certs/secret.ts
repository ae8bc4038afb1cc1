import type { KubernetesObject } from '../src/api/kubernetes.ts';
import { isConflict, type KubernetesClient } from '../src/io/kubernetes/kubernetes.ts';
import { collectionPath, objectPath } from '../src/io/kubernetes/resources.ts';
import type { Material } from './material.ts';

/** Where the material lives. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

interface Secret extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** The material, and the object it was read from. */
export interface StoredMaterial {
  readonly material: Material;
  readonly secret: Secret;
}

/** Undefined when there is no such Secret. @throws ApiError */
export async function readSecret(
  client: KubernetesClient,
  where: SecretName,
  signal?: AbortSignal,
): Promise<StoredMaterial | undefined> {
  const secret = await client.get<Secret>(pathOf(where), { signal });
  return secret && { material: decode(secret), secret };
}

/** Undefined when another replica was faster: its Secret is the one to read. @throws ApiError */
export async function createSecret(
  client: KubernetesClient,
  where: SecretName,
  material: Material,
  signal?: AbortSignal,
): Promise<StoredMaterial | undefined> {
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: where.name,
      labels: { 'app.kubernetes.io/name': 'rollguard', 'app.kubernetes.io/managed-by': 'rollguard' },
    },
    type: 'kubernetes.io/tls',
    data: encode(material),
  };
  return unlessConflict(
    client.create<Secret>(collectionPath('v1', 'Secret', where.namespace), body, {
      signal,
      query: { fieldManager: 'rollguard' },
    }),
  );
}

/**
 * Replaces the material and leaves the rest of the Secret as it is, provided that nobody has changed it
 * since it was read. Undefined when somebody has. @throws ApiError
 */
export async function updateSecret(
  client: KubernetesClient,
  where: SecretName,
  { secret }: StoredMaterial,
  material: Material,
  signal?: AbortSignal,
): Promise<StoredMaterial | undefined> {
  const body = { ...secret, data: { ...secret.data, ...encode(material) } };
  return unlessConflict(
    client.update<Secret>(pathOf(where), body, { signal, query: { fieldManager: 'rollguard' } }),
  );
}

const pathOf = (where: SecretName) => objectPath({ apiVersion: 'v1', kind: 'Secret', ...where });

async function unlessConflict(written: Promise<Secret>): Promise<StoredMaterial | undefined> {
  try {
    const secret = await written;
    return { material: decode(secret), secret };
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

function decode({ data = {} }: Secret): Material {
  const text = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString('latin1');
  return {
    leaf: { cert: text('tls.crt'), key: text('tls.key') },
    caBundle: text('ca.crt'),
    caKey: text('ca.key'),
  };
}

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');

function encode({ leaf, caBundle, caKey }: Material): Record<string, string> {
  return {
    'tls.crt': base64(leaf.cert),
    'tls.key': base64(leaf.key),
    'ca.crt': base64(caBundle),
    'ca.key': base64(caKey),
  };
}
