import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names, ports } from '../model/names.ts';

const tcp = (port: number) => ({ port, protocol: 'TCP' });

/** What members may hear and say; `spec.network.egressRules` adds to it. */
export function networkPolicy({ cluster }: Pick<WorkloadInputs, 'cluster'>): KubernetesObject {
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
          { ports: [{ port: 53, protocol: 'UDP' }, tcp(53)] },
          { ports: [tcp(443), tcp(6443)] },
          ...(cluster.spec.network?.egressRules ?? []),
        ],
      },
    },
  );
}
