import type { KubernetesObject } from '../../api/kubernetes.ts';
import { components } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import type { ControllerSettings } from '../model/decision.ts';
import { names } from '../model/names.ts';
import { openbaoUser } from '../workload/pod-template.ts';
import { job } from './job.ts';

/**
 * The Job that runs `bao version` from an image, so that a typo, a wrong digest or another architecture
 * stops an upgrade before anything moves. It runs as the members' ServiceAccount, whose pull secrets it needs;
 * `versionOf` reads its message.
 */
export function versionCheckJob(
  cluster: OpenBaoCluster,
  { operationId, image, attempt }: { operationId: string; image: string; attempt?: number },
  settings: ControllerSettings,
): KubernetesObject {
  const wanted = {
    action: 'version-check' as const,
    operationId,
    ...defined({ attempt }),
  };
  return job(cluster, wanted, {
    component: components.upgrade,
    serviceAccount: names(cluster.metadata.name ?? '').serviceAccount,
    user: openbaoUser,
    activeDeadlineSeconds: Math.max(1, Math.floor(settings.deadlines.preChecks / 1000)),
    container: {
      name: 'version-check',
      image,
      command: ['/bin/sh', '-ec', 'bao version > /dev/termination-log'],
    },
  });
}
