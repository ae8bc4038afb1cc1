import type { ObjectMeta } from '../../api/kubernetes.ts';
import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';

/**
 * Commands with which members lose their data and join anew. The gate lets their pods be deleted only once
 * the cluster is in maintenance and the pods carry its stamp; the volumes go last, when that was granted.
 */
export function emptyDisks({ name = '', namespace = '' }: ObjectMeta, pods: readonly string[]): string {
  const maintenance = (enabled: boolean) =>
    `kubectl patch openbaocluster ${name} -n ${namespace} --type merge -p '{"spec":{"maintenance":{"enabled":${enabled}}}}'`;
  const each = pods.map(
    (pod) =>
      `kubectl wait pod/${pod} -n ${namespace} --for='jsonpath={.metadata.annotations.openbao\\.org/maintenance}=true' --timeout=60s && kubectl delete pod/${pod} -n ${namespace} --wait=false && kubectl delete pvc/data-${pod} -n ${namespace} --wait=false`,
  );
  return `put it into maintenance first: ${maintenance(true)}; then: ${each.join('; ')}; once they are back: ${maintenance(false)}`;
}

type RequestField = keyof NonNullable<NonNullable<OpenBaoClusterSpec['upgrade']>['requests']>;

/** The command that asks once for something, with the present time as its value. */
export const requestCommand = (field: RequestField, cluster: string, namespace: string): string =>
  `kubectl patch openbaocluster ${cluster} -n ${namespace} --type merge -p '{"spec":{"upgrade":{"requests":{"${field}":"'"$(date -Is)"'"}}}}'`;

/** The command that tries a held upgrade again. */
export const retryCommand = (cluster: string, namespace: string): string =>
  requestCommand('retry', cluster, namespace);

/** The command that goes back to blue. */
export const rollbackCommand = (cluster: string, namespace: string): string =>
  requestCommand('rollback', cluster, namespace);
