import type { ObjectMeta } from '../../api/kubernetes.ts';
import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';
import { serverContainer } from './names.ts';

/**
 * Commands with which members lose their data and join anew. The gate lets their pods be deleted only once
 * the cluster is in maintenance and the pods carry its stamp; the volumes go last, when that was granted.
 */
export function emptyDisks(cluster: ObjectMeta, pods: readonly string[]): string {
  const { namespace = '' } = cluster;
  const each = pods.map(
    (pod) =>
      `${deletion(pod, namespace)} --wait=false && kubectl delete pvc/data-${pod} -n ${namespace} --wait=false`,
  );
  return `${inMaintenance(cluster, each.join('; '))}${maintenance(cluster, false)}`;
}

/** Commands with which one member's pod is made anew; its volume stays. */
export const deletePod = (cluster: ObjectMeta, pod: string): string =>
  `${inMaintenance(cluster, deletion(pod, cluster.namespace ?? ''))}${maintenance(cluster, false)}`;

const inMaintenance = (cluster: ObjectMeta, commands: string) =>
  `put it into maintenance first: ${maintenance(cluster, true)}; then: ${commands}; once they are back: `;

const maintenance = ({ name = '', namespace = '' }: ObjectMeta, enabled: boolean) =>
  `kubectl patch openbaocluster ${name} -n ${namespace} --type merge -p '{"spec":{"maintenance":{"enabled":${enabled}}}}'`;

const deletion = (pod: string, namespace: string) =>
  `kubectl wait pod/${pod} -n ${namespace} --for='jsonpath={.metadata.annotations.openbao\\.org/maintenance}=true' --timeout=60s && kubectl delete pod/${pod} -n ${namespace}`;

/** The command that ends a pause. */
export const resumeCommand = (
  resource: 'openbaocluster' | 'metadataservices',
  { name = '', namespace = '' }: ObjectMeta,
): string => `kubectl patch ${resource} ${name} -n ${namespace} --type merge -p '{"spec":{"paused":false}}'`;

type RequestField = keyof NonNullable<NonNullable<OpenBaoClusterSpec['upgrade']>['requests']>;

/** The command that asks once for something, with the present time as its value. */
export const requestCommand = (field: RequestField, cluster: string, namespace: string): string =>
  `kubectl patch openbaocluster ${cluster} -n ${namespace} --type merge -p '{"spec":{"upgrade":{"requests":{"${field}":"'"$(date -u +%FT%TZ)"'"}}}}'`;

/** The command that tries a held upgrade again. */
export const retryCommand = (cluster: string, namespace: string): string =>
  requestCommand('retry', cluster, namespace);

/** The command that tries it again in maintenance, which allows what would be waited for otherwise. */
export const retryInMaintenanceCommand = (cluster: string, namespace: string): string =>
  `kubectl patch openbaocluster ${cluster} -n ${namespace} --type merge -p '{"spec":{"maintenance":{"enabled":true},"upgrade":{"requests":{"retry":"'"$(date -u +%FT%TZ)"'"}}}}'`;

/** The command that goes back to blue. */
export const rollbackCommand = (cluster: string, namespace: string): string =>
  requestCommand('rollback', cluster, namespace);

/** The command that shows what a Job has written. */
export const jobLogs = (job: string, namespace: string): string => `kubectl logs -n ${namespace} job/${job}`;

/** The command that shows the last words of the server in a member's pod. */
export const serverLogs = (pod: string, namespace: string): string =>
  `kubectl logs -n ${namespace} ${pod} -c ${serverContainer} --tail=100`;
