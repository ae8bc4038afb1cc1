import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names, ports } from '../model/names.ts';
import { sealEgress } from './seal.ts';

const tcp = (port: number) => ({ port, protocol: 'TCP' });

/** Where the API server usually listens behind its Service; only for where it cannot be seen. */
const usualApiServerPort = 6443;

/** DNS at its Service, and at a cache on the node. */
const dnsPorts = [{ port: 53, protocol: 'UDP' }, tcp(53)];

/** What members may hear and say; `spec.network.egressRules` adds to it. */
export function networkPolicy({
  cluster,
  endpointPorts,
}: Pick<WorkloadInputs, 'cluster' | 'endpointPorts'>): KubernetesObject {
  const { apiServer, dns } = endpointPorts;
  const name = names(cluster.metadata.name ?? '').networkPolicy;
  const members = [{ podSelector: { matchLabels: memberSelector(cluster) } }];
  return child(
    cluster,
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', name },
    {
      spec: {
        podSelector: { matchLabels: memberSelector(cluster) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { from: [{ namespaceSelector: {} }], ports: [tcp(ports.api)] },
          { from: members, ports: [tcp(ports.cluster)] },
        ],
        egress: [
          { to: members, ports: [tcp(ports.api), tcp(ports.cluster)] },
          // Anywhere: a node-local DNS and the API server are no pods, and their addresses are not ours to know.
          // By the port of the Service and that of its endpoints, for networks differ in which they ask about.
          { ports: distinct([...dnsPorts, ...(dns ?? [])]) },
          { ports: distinct([443, ...(apiServer ?? [usualApiServerPort])].map(tcp)) },
          ...sealEgress(cluster),
          ...(cluster.spec.network?.egressRules ?? []),
        ],
      },
    },
  );
}

interface Port {
  readonly port: number;
  readonly protocol: string;
}

/** Each port once, in an order that does not depend on that of the reading. */
const distinct = (all: readonly Port[]): readonly Port[] =>
  [...new Map(all.map((each) => [`${each.port}/${each.protocol}`, each])).values()].toSorted(
    (a, b) => a.port - b.port || b.protocol.localeCompare(a.protocol),
  );
