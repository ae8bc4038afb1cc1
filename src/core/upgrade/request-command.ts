import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';

type RequestField = keyof NonNullable<NonNullable<OpenBaoClusterSpec['upgrade']>['requests']>;

/** The command that asks once for something, with the present time as its value. */
export const requestCommand = (field: RequestField, cluster: string, namespace: string): string =>
  `kubectl patch openbaocluster ${cluster} -n ${namespace} --type merge -p '{"spec":{"upgrade":{"requests":{"${field}":"'"$(date -Is)"'"}}}}'`;
