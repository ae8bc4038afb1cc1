import type { ObjectMeta } from '../../api/kubernetes.ts';

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
