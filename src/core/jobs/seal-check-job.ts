import type { KubernetesObject } from '../../api/kubernetes.ts';
import { components } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { ControllerSettings } from '../model/decision.ts';
import { names } from '../model/names.ts';
import { files, paths } from '../workload/paths.ts';
import { sealEnvironment, sealLabels, sealVolumes } from '../workload/seal.ts';
import { openbaoUser } from '../workload/pod-template.ts';
import { job } from './job.ts';
import type { SealCheck } from './step.ts';

/** A server and a command beside it, each of about 100 MiB. */
const resources = { requests: { cpu: '10m', memory: '256Mi' }, limits: { memory: '512Mi' } } as const;

/**
 * The Job that proves that a member could start now: it opens the seal as a member does, with the same binary,
 * configuration, credentials and identity (src/core/workload/seal-check.ts). It exits 1 with OpenBao's own words where
 * it cannot; no NetworkPolicy of ours selects it.
 */
export function sealCheckJob(
  cluster: OpenBaoCluster,
  step: SealCheck,
  image: string,
  settings: ControllerSettings,
): KubernetesObject {
  const { config, serviceAccount } = names(cluster.metadata.name ?? '');
  const volumes = sealVolumes(cluster);
  // By name: a ConfigMap that has them not yet keeps the pod waiting.
  const items = [files.sealCheck, files.sealCheckServer].map((key) => ({ key, path: key }));
  return job(cluster, step, {
    component: components.upgrade,
    labels: sealLabels(cluster),
    serviceAccount,
    user: openbaoUser,
    activeDeadlineSeconds: Math.max(1, Math.floor(settings.deadlines.preChecks / 1000)),
    resources,
    container: {
      name: 'seal-check',
      image,
      command: ['/bin/sh', `${paths.configuration}/${files.sealCheck}`],
      env: [{ name: 'HOME', value: paths.temporary }, ...sealEnvironment(cluster)],
      volumeMounts: [
        { name: 'config', mountPath: paths.configuration, readOnly: true },
        ...volumes.map(({ mount }) => mount),
        { name: 'tmp', mountPath: paths.temporary },
      ],
    },
    volumes: [
      { name: 'config', configMap: { name: config, items, defaultMode: 0o444 } },
      ...volumes.map(({ volume }) => volume),
      { name: 'tmp', emptyDir: {} },
    ],
  });
}
