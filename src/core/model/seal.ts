import { withoutOuterSlashes } from './slashes.ts';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../api/openbaocluster.ts';
import type { sealTypes } from '../../api/unseal.ts';
import { fingerprint } from './fingerprint.ts';
import { sealKeyId } from './names.ts';

export type SealType = (typeof sealTypes)[number];
type Fields = Readonly<Record<string, object | undefined>>;
type Unseal = NonNullable<OpenBaoClusterSpec['unseal']>;

/** The type of a cluster's seal. Where another operator has written the spec, it may be one that is not known here. */
export function sealType({ spec }: Pick<OpenBaoCluster, 'spec'>): SealType {
  const type = spec.unseal?.type;
  return typeof type === 'string' ? type || 'static' : 'static';
}

/** Whether the controller makes and keeps the key. All other seals ask a key service at every start. */
export const hasStaticSeal = (cluster: Pick<OpenBaoCluster, 'spec'>): boolean =>
  sealType(cluster) === 'static';

/** The name of OpenBao's seal stanza, and of its plugin. */
export const sealName = (cluster: Pick<OpenBaoCluster, 'spec'>): string => {
  const type = sealType(cluster);
  if (type !== 'kms') return type;
  const { name, pluginName } = (cluster.spec.unseal?.kms ?? {}) as Readonly<Record<string, unknown>>;
  return [name, pluginName].find((each) => typeof each === 'string') ?? type;
};

/** `kmsKeyId` as OpenBao writes it: `kms_key_id`. The reference operator writes `kmsKeyID`. */
const stanzaField = (field: string): string =>
  field.replace(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);

/** Objects of `spec.unseal` that the reference operator names otherwise (docs/facts/openbao-operator.md, section 1). */
const foreignNames: Readonly<Record<string, string>> = {
  azurekeyvault: 'azureKeyVault',
  gcpckms: 'gcpCloudKMS',
};

/** What OpenBao's stanza takes: every value is a text there. */
export function sealSettings(cluster: Pick<OpenBaoCluster, 'spec'>): Readonly<Record<string, string>> {
  const { unseal = {} } = cluster.spec;
  const type = sealType(cluster);
  if (type === 'static') return {};
  if (type === 'kms') return unseal.kms?.config ?? {};
  return Object.fromEntries(
    Object.entries(unseal[type] ?? (unseal as Fields)[foreignNames[type] ?? ''] ?? {}).map(
      ([field, value]) => [stanzaField(field), String(value)],
    ),
  );
}

/** The fields that say which key it is: with another value, members could not open what they have sealed. */
const keyFields: Readonly<Record<Exclude<SealType, 'static' | 'kms'>, readonly string[]>> = {
  transit: ['namespace', 'mount_path', 'key_name'],
  awskms: ['kms_key_id'],
  gcpckms: ['project', 'region', 'key_ring', 'crypto_key'],
  azurekeyvault: ['vault_name', 'key_name'],
  ocikms: ['key_id'],
  kmip: ['kms_key_id'],
  pkcs11: ['key_label', 'key_id'],
};

/**
 * Which seal and which key of it, in words of at most 512 characters, such as `transit mount_path=transit
 * key_name=bao`; for the seal static the ID of its key. Two clusters with the same words open each other's snapshots,
 * if it is the same key service. What a plugin, or a seal that is not known here, takes for its key cannot be told, so all
 * of its settings count.
 */
export function sealId(cluster: Pick<OpenBaoCluster, 'spec'>): string {
  const type = sealType(cluster);
  return type === 'static' ? sealKeyId : idOf(type, sealName(cluster), sealSettings(cluster));
}

/** The same of a stanza as it is rendered, beside the spec that says whether a plugin of that name is meant. */
export const sealIdOfStanza = (
  cluster: Pick<OpenBaoCluster, 'spec'>,
  name: string,
  settings: Readonly<Record<string, string>>,
): string =>
  sealType(cluster) === 'kms' && sealName(cluster) === name
    ? idOf('kms', name, settings)
    : idOf(name, name, settings);

function idOf(type: string, name: string, settings: Readonly<Record<string, string>>): string {
  const fields = (keyFields as Readonly<Record<string, readonly string[] | undefined>>)[type];
  if (fields === undefined) return `${name} settings=${fingerprint(settings)}`;
  const key = fields.flatMap((field) => {
    // transit/ and /transit are one mount.
    const value = withoutOuterSlashes(settings[field] ?? '');
    return value === '' ? [] : [`${field}=${value}`];
  });
  return [type, ...key].join(' ');
}

/** The way on where nothing has proved yet that the seal is that of the data. */
export const wrongFromTheStart =
  '; where no member could ever open its data with that one, as of a cluster that was created again with the wrong seal, delete this OpenBaoCluster with spec.deletionPolicy Retain, and create it with the seal of its data';

/** Which entries of the Secret members get, where it names none. */
const usualKeys: Readonly<Record<SealType, readonly string[]>> = {
  static: [],
  transit: ['token'],
  awskms: ['access_key', 'secret_key'],
  gcpckms: ['credentials'],
  azurekeyvault: ['client_secret'],
  ocikms: ['config'],
  kmip: ['client_cert', 'client_key'],
  pkcs11: ['pin'],
  kms: [],
};

/** The Secret with the credentials, and which of its entries members get; undefined where they need none. */
export function sealCredentials(
  cluster: Pick<OpenBaoCluster, 'spec'>,
): { readonly secret: string; readonly keys: readonly string[] } | undefined {
  const { credentialsSecretRef: reference } = cluster.spec.unseal ?? {};
  const type = sealType(cluster);
  if (reference === undefined || type === 'static') return undefined;
  return { secret: reference.name, keys: reference.keys ?? usualKeys[type] };
}

type KmsPlugin = NonNullable<Unseal['plugin']>;

/** Whether a plugin for the seal is declared: here, or as the reference operator has it, in `spec.plugins`. */
export function declaresPlugin(cluster: Pick<OpenBaoCluster, 'spec'>): boolean {
  const { plugins } = cluster.spec as { readonly plugins?: unknown };
  const name = sealName(cluster);
  const isForeign = (each: unknown) =>
    typeof each === 'object' &&
    each !== null &&
    'type' in each &&
    each.type === 'kms' &&
    'name' in each &&
    each.name === name;
  return kmsPlugin(cluster) !== undefined || (Array.isArray(plugins) && plugins.some(isForeign));
}

/** The plugin of the seal, if it has one. */
export const kmsPlugin = ({ spec }: Pick<OpenBaoCluster, 'spec'>): KmsPlugin | undefined =>
  spec.unseal?.plugin;
