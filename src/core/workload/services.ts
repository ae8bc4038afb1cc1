import type { KubernetesObject } from '../../api/kubernetes.ts';
import { activeLabel, revisionLabel } from '../../api/labels.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names, ports } from '../model/names.ts';

const servicePorts = [
  { name: 'api', port: ports.api, targetPort: ports.api, protocol: 'TCP' },
  { name: 'cluster', port: ports.cluster, targetPort: ports.cluster, protocol: 'TCP' },
];

/**
 * The members by name, any unsealed member, and the one that leads.
 *
 * @param serving the revision that clients of any member are sent to. The leader is followed wherever it is.
 */
export function services(
  { cluster }: Pick<WorkloadInputs, 'cluster'>,
  serving: string,
): readonly KubernetesObject[] {
  const own = names(cluster.metadata.name ?? '');
  const members = memberSelector(cluster);
  const service = (name: string, selector: object, more: object = {}) =>
    child(
      cluster,
      { apiVersion: 'v1', kind: 'Service', name },
      { spec: { type: 'ClusterIP', ...more, selector, ports: servicePorts } },
    );
  return [
    service(own.headlessService, members, { clusterIP: 'None', publishNotReadyAddresses: true }),
    service(own.publicService, { ...members, [revisionLabel]: serving }),
    // OpenBao moves the label within 0.1 s of a hand-over; after a crash it lags
    // (docs/facts/openbao-measured.md, section 9).
    service(own.activeService, { ...members, [activeLabel]: 'true' }),
  ];
}
