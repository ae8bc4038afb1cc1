import type { KubernetesObject, ObjectMeta } from '../../api/kubernetes.ts';
import { defined } from '../../api/object-fields.ts';
import type { EndpointPorts } from '../../core/model/observation.ts';
import { ApiError, type KubernetesClient } from './kubernetes.ts';
import { collectionPath, objectPath } from './resources.ts';

type Reads = Pick<KubernetesClient, 'get' | 'list'>;

interface PortOfSlice {
  readonly name?: string | null;
  readonly port?: number | null;
  readonly protocol?: string | null;
}

interface EndpointSlice extends KubernetesObject {
  readonly ports?: readonly PortOfSlice[] | null;
}

interface DnsService extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly ports?: readonly { readonly name?: string; readonly port: number }[] };
}

const sliceKind = ['discovery.k8s.io/v1', 'EndpointSlice'] as const;
/** Where the cluster's DNS is, and the label that its Service has whatever it is made of. */
const dns = { namespace: 'kube-system', labelSelector: 'k8s-app=kube-dns', port: 53 } as const;

/**
 * On which ports the API server and the cluster's DNS listen behind their Services. What may not be read is left out;
 * anything else that goes wrong is an error, so that an outage does not pass for a cluster without them.
 *
 * @throws ApiError
 */
export async function readEndpointPorts(client: Reads): Promise<EndpointPorts> {
  const [apiServer, dnsPorts] = await Promise.all([
    unlessForbidden(() => readApiServer(client)),
    unlessForbidden(() => readDns(client)),
  ]);
  return defined({ apiServer, dns: dnsPorts });
}

async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}

async function readApiServer(client: Reads): Promise<EndpointPorts['apiServer']> {
  const [apiVersion, kind] = sliceKind;
  const target = { apiVersion, kind, namespace: 'default', name: 'kubernetes' };
  const slice = await client.get<EndpointSlice>(objectPath(target));
  const ports = portsOf(slice?.ports, () => true)
    .filter(({ protocol }) => protocol === 'TCP')
    .map(({ port }) => port);
  return ports.length === 0 ? undefined : ports;
}

async function readDns(client: Reads): Promise<EndpointPorts['dns']> {
  const { namespace, labelSelector, port: dnsPort } = dns;
  const services = await client.list<DnsService>(collectionPath('v1', 'Service', namespace), {
    query: { labelSelector },
  });
  const found = await Promise.all(
    services.map(async ({ metadata, spec }) => {
      // Its other ports are those of metrics.
      const names = (spec?.ports ?? []).filter(({ port }) => port === dnsPort).map(({ name }) => name ?? '');
      const slices = await client.list<EndpointSlice>(collectionPath(...sliceKind, namespace), {
        query: { labelSelector: `kubernetes.io/service-name=${metadata.name}` },
      });
      return slices.flatMap((slice) => portsOf(slice.ports, (name) => names.includes(name)));
    }),
  );
  const all = found.flat();
  return all.length === 0 ? undefined : all;
}

/** A slice may be for all ports, or name none. */
const portsOf = (ports: EndpointSlice['ports'], isWanted: (name: string) => boolean) =>
  (ports ?? []).flatMap(({ name, port, protocol }) =>
    typeof port === 'number' && isWanted(name ?? '') ? [{ port, protocol: protocol ?? 'TCP' }] : [],
  );
