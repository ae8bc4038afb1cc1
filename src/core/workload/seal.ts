import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { StatefulSet } from '../../api/kubernetes.ts';
import { literal, unliteral } from '../model/literal.ts';
import { names, sealKeyId, sealKeyName, serverContainer } from '../model/names.ts';
import {
  hasStaticSeal,
  kmsPlugin,
  sealCredentials,
  sealIdOfStanza,
  sealName,
  sealSettings,
  sealType,
  type SealType,
} from '../model/seal.ts';
import { paths } from './paths.ts';

/** How OpenBao takes a credential: as a text, which it reads from a file itself, or as the path of a file. */
type Form = 'text' | 'path';

/** Entries of the Secret that are fields of the stanza. All others are only files. */
const credentialFields: Readonly<Record<SealType, Readonly<Record<string, Form>>>> = {
  static: {},
  transit: { token: 'text', tls_ca_cert: 'path', tls_client_cert: 'path', tls_client_key: 'path' },
  awskms: { access_key: 'text', secret_key: 'text', session_token: 'text' },
  gcpckms: { credentials: 'path' },
  azurekeyvault: { tenant_id: 'text', client_id: 'text', client_secret: 'text' },
  ocikms: {},
  kmip: { client_cert: 'path', client_key: 'path', ca_cert: 'path' },
  pkcs11: { pin: 'text' },
  // What a plugin knows is for its settings to say.
  kms: {},
};

/**
 * What of OpenBao's configuration is about the seal: its stanza, and that of its plugin. It holds no secret: fields
 * that are secret name the files that the start script writes
 * (forms: docs/facts/openbao-2.6-measured.md, section 5).
 */
export function sealConfiguration(cluster: OpenBaoCluster): object {
  if (hasStaticSeal(cluster)) {
    const key = { current_key_id: sealKeyId, current_key: `file://${paths.unsealKey}/${sealKeyName}` };
    return { seal: [{ static: key }] };
  }
  const fields = credentialFields[sealType(cluster)];
  const credentials = (sealCredentials(cluster)?.keys ?? []).flatMap((key) => {
    const form = fields[key];
    const file = `${paths.seal}/${key}`;
    return form === undefined ? [] : [[key, form === 'text' ? `file://${file}` : file]];
  });
  const stanza = { ...sealSettings(cluster), ...Object.fromEntries(credentials) };
  return { seal: [{ [sealName(cluster)]: stanza }], ...pluginStanza(cluster) };
}

/** OpenBao before 2.6 warns of a plugin of this kind and starts, so that it can be there before the upgrade. */
function pluginStanza(cluster: OpenBaoCluster): object {
  const plugin = kmsPlugin(cluster);
  if (plugin === undefined) return {};
  const { image, binaryName, command, directory, version, sha256sum } = plugin;
  const file = image === undefined ? { command } : { image, binary_name: binaryName };
  return {
    plugin_directory: directory ?? paths.plugins,
    // Without the plugin the seal itself ends the start; a version that needs none must not end for the registry.
    ...(image === undefined ? {} : { plugin_auto_download: true, plugin_download_behavior: 'continue' }),
    plugin: [{ kms: { [sealName(cluster)]: { ...file, version, sha256sum } } }],
  };
}

/** For the owner and the group that fsGroup gives: 0440. */
export const secretMode = 0o440;

interface Mounted {
  readonly volume: object;
  readonly mount: object;
}

const secretVolume = (name: string, secretName: string, keys: readonly string[], mountPath: string) => ({
  volume: {
    name,
    secret: { secretName, items: keys.map((key) => ({ key, path: key })), defaultMode: secretMode },
  },
  mount: { name, mountPath, readOnly: true },
});

/** What a process that opens the seal mounts. */
export function sealVolumes(cluster: OpenBaoCluster): readonly Mounted[] {
  if (hasStaticSeal(cluster)) {
    const { unsealKey } = names(cluster.metadata.name ?? '');
    return [secretVolume('unseal-key', unsealKey, [sealKeyName], paths.unsealKey)];
  }
  const credentials = sealCredentials(cluster);
  return [
    ...(credentials === undefined
      ? []
      : [
          secretVolume('seal-credentials', credentials.secret, credentials.keys, paths.credentials),
          // What is secret is written to no disk.
          {
            volume: { name: 'seal', emptyDir: { medium: 'Memory', sizeLimit: '2Mi' } },
            mount: { name: 'seal', mountPath: paths.seal },
          },
        ]),
    ...(kmsPlugin(cluster)?.image === undefined
      ? []
      : [
          {
            volume: { name: 'plugins', emptyDir: {} },
            mount: { name: 'plugins', mountPath: paths.plugins },
          },
        ]),
  ];
}

/**
 * What a process that opens the seal is told. The stanza goes with the volumes of its pod: from the ConfigMap a
 * container that starts anew would read of files and folders that only the next pod has (`takeSeal`). Where the SDK
 * of Oracle's cloud finds its configuration stands here alone; all others are told by the stanza.
 */
export const sealEnvironment = (cluster: OpenBaoCluster): readonly object[] =>
  hasStaticSeal(cluster)
    ? []
    : [
        { name: sealVariable, value: literal(JSON.stringify(sealConfiguration(cluster))) },
        ...(sealType(cluster) === 'ocikms' && sealCredentials(cluster)?.keys.includes('config') === true
          ? [{ name: 'OCI_CONFIG_FILE', value: `${paths.seal}/config` }]
          : []),
      ];

const sealVariable = 'ROLLGUARD_SEAL';

/**
 * Which seal the pods of this StatefulSet are made for, and which key of it, in the words of `sealId`; undefined where
 * its template has none but the static one, or cannot be read.
 */
export function sealIdOfSet(cluster: OpenBaoCluster, set: StatefulSet): string | undefined {
  const containers = (set.spec?.template?.spec?.containers ?? []) as readonly Container[];
  const { env = [] } = containers.find(({ name }) => name === serverContainer) ?? {};
  const value = env.find(({ name }) => name === sealVariable)?.value;
  if (value === undefined) return undefined;
  const [stanza = {}] = sealsIn(unliteral(value));
  const [name, settings] = Object.entries(stanza)[0] ?? [];
  if (name === undefined || typeof settings !== 'object' || settings === null) return undefined;
  const texts = Object.entries(settings).map(([field, text]) => [field, String(text)] as const);
  return sealIdOfStanza(cluster, name, Object.fromEntries(texts));
}

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

function sealsIn(text: string): readonly object[] {
  try {
    const { seal } = JSON.parse(text) as { readonly seal?: unknown };
    return Array.isArray(seal) ? seal.filter((each) => typeof each === 'object' && each !== null) : [];
  } catch {
    return [];
  }
}

const azureIdentity = 'azure.workload.identity';

/** Azure gives its workload identity to pods with this label alone. */
export const sealLabels = ({ spec }: OpenBaoCluster): Readonly<Record<string, string>> =>
  spec.unseal?.serviceAccountAnnotations?.[`${azureIdentity}/client-id`] === undefined
    ? {}
    : { [`${azureIdentity}/use`]: 'true' };

/** Port that members may reach anywhere in any case. */
const openPort = 443;

/** Those that hand out a cloud's credentials to the machines and pods in it: at link-local addresses. */
const identityServices = {
  to: [{ ipBlock: { cidr: '169.254.169.252/30' } }],
  ports: [80, 988].map((port) => ({ port, protocol: 'TCP' })),
};

/** How members reach the key service, as a NetworkPolicy's egress rules. */
export function sealEgress(cluster: OpenBaoCluster): readonly object[] {
  const { transit, awskms, kmip, ocikms } = cluster.spec.unseal ?? {};
  const urls = {
    transit: [transit?.address],
    awskms: [awskms?.endpoint],
    ocikms: [ocikms?.cryptoEndpoint, ocikms?.managementEndpoint],
    kmip: [kmip?.endpoint === undefined ? undefined : `kmip://${kmip.endpoint}`],
  } as Partial<Record<SealType, readonly (string | undefined)[]>>;
  const type = sealType(cluster);
  const ports = new Set((urls[type] ?? []).flatMap((url) => (url === undefined ? [] : (portOf(url) ?? []))));
  ports.delete(openPort);
  const inCloud = ['awskms', 'gcpckms', 'azurekeyvault', 'ocikms', 'kms'].includes(type);
  return [
    ...[...ports].map((port) => ({ ports: [{ port, protocol: 'TCP' }] })),
    ...(inCloud && sealCredentials(cluster) === undefined ? [identityServices] : []),
  ];
}

/** The port that a URL leads to; undefined where it has none and its scheme says none. */
function portOf(url: string): number | undefined {
  const { scheme = '', port } =
    /^(?<scheme>[a-z]+):\/\/(?:\[[^\]]*\]|[^/:[\]]+)(?::(?<port>\d+))?(?:\/|$)/.exec(url)?.groups ?? {};
  if (port !== undefined) return Number(port);
  return { http: 80, https: 443 }[scheme];
}
