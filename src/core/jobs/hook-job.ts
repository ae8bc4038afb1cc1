import type { KubernetesObject } from '../../api/kubernetes.ts';
import { components } from '../../api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { apiAddress, usesTls } from '../workload/configuration.ts';
import { names } from '../model/names.ts';
import { job } from './job.ts';
import { caVolume, paths } from './job-volumes.ts';
import type { HookStep } from './step.ts';

type Hook = NonNullable<
  NonNullable<
    NonNullable<NonNullable<OpenBaoClusterSpec['upgrade']>['blueGreen']>['verification']
  >['prePromotionHook']
>;

/** The user and group of the hook's container: nobody's, for the pod security standard. */
const hookUser = { uid: 65_532, gid: 65_532 } as const;

/**
 * The Job of the user's that must succeed before green takes over. It is told where green is, and given the CA; no
 * token: what it may do in OpenBao is the user's business.
 *
 * @param green the members, by name
 */
export function hookJob(
  cluster: OpenBaoCluster,
  step: HookStep,
  { image, command, args, timeoutSeconds = 300 }: Hook,
  green: readonly string[],
): KubernetesObject {
  const { name = '', namespace = '' } = cluster.metadata;
  const ca = usesTls(cluster) ? [caVolume('ca', names(name).ca, paths.ca)] : [];
  const addresses = green.map((pod) => apiAddress(cluster, pod));
  return job(cluster, step, {
    component: components.upgrade,
    serviceAccount: names(name).upgradeServiceAccount,
    user: hookUser,
    activeDeadlineSeconds: timeoutSeconds,
    container: {
      name: 'hook',
      image,
      ...defined({ command, args }),
      env: [
        { name: 'CLUSTER_NAME', value: name },
        { name: 'CLUSTER_NAMESPACE', value: namespace },
        { name: 'GREEN_ADDRESSES', value: addresses.join(',') },
        { name: 'BAO_ADDR', value: addresses[0] ?? '' },
        ...(ca.length === 0 ? [] : [{ name: 'BAO_CACERT', value: `${paths.ca}/ca.crt` }]),
      ],
      volumeMounts: ca.map(({ mount }) => mount),
    },
    volumes: ca.map(({ volume }) => volume),
  });
}
