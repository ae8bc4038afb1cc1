import type { KubernetesObject } from '../../api/kubernetes.ts';
import { components } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { DriverSettings } from '../cluster/decision.ts';
import { jwtAuth, names, roles } from '../workload/names.ts';
import {
  caVolume,
  paths,
  spoolVolume,
  storeEnvironment,
  storeVolumes,
  tokenVolume,
  type MountedVolume,
} from './job-volumes.ts';
import { job } from './job.ts';
import { memberUrls } from './members.ts';
import { snapshotName } from './snapshot-name.ts';
import type { ExecutorAction, ExecutorStep } from './step.ts';

/** User and group of Rollguard's own image. */
const executorUser = { uid: 65_532, gid: 65_532 } as const;

/** Seconds of a Job's time that its container may need to be pulled, started and to report. */
const marginSeconds = 10;

/**
 * The Job that carries out one step (issue 4, section 4). Its arguments hold no secret: it logs in with a
 * projected token that the role at auth/jwt-operator is bound to; credentials of a store come from their Secret.
 */
export function executorJob(
  cluster: OpenBaoCluster,
  wanted: ExecutorStep,
  settings: DriverSettings,
): KubernetesObject {
  const { spec } = cluster;
  const volumes = volumesOf(cluster, wanted.action);
  const activeDeadlineSeconds = deadlineSeconds(wanted.action, settings);
  const env = touchesStore(wanted.action) ? storeEnvironment(spec.backup?.target) : [];
  return job(cluster, wanted, {
    component: touchesStore(wanted.action) ? components.snapshot : components.upgrade,
    serviceAccount: serviceAccountOf(cluster, wanted.action),
    user: executorUser,
    activeDeadlineSeconds,
    container: {
      name: 'executor',
      image: spec.upgrade?.executorImage ?? spec.upgrade?.image ?? settings.executorImage,
      args: ['executor', wanted.action, ...argumentsOf(cluster, wanted, activeDeadlineSeconds)],
      ...(env.length === 0 ? {} : { env }),
      volumeMounts: volumes.map(({ mount }) => mount),
    },
    volumes: volumes.map(({ volume }) => volume),
  });
}

const touchesStore = (action: ExecutorAction) => action === 'snapshot' || action === 'probe-store';

function serviceAccountOf({ metadata }: OpenBaoCluster, action: ExecutorAction): string {
  const { upgradeServiceAccount, backupServiceAccount } = names(metadata.name ?? '');
  return touchesStore(action) ? backupServiceAccount : upgradeServiceAccount;
}

function volumesOf({ metadata, spec }: OpenBaoCluster, action: ExecutorAction): readonly MountedVolume[] {
  const login = action === 'probe-store' ? [] : [tokenVolume(jwtAuth.audience)];
  const usesTls = action !== 'probe-store' && spec.tls?.enabled !== false;
  const ca = usesTls ? [caVolume('ca', names(metadata.name ?? '').ca, paths.ca)] : [];
  const spool = action === 'snapshot' ? [spoolVolume] : [];
  return [...login, ...ca, ...spool, ...(touchesStore(action) ? storeVolumes(spec.backup?.target) : [])];
}

/** The flags of `rollguard executor`, see src/executor/command.ts. */
function argumentsOf(cluster: OpenBaoCluster, wanted: ExecutorStep, seconds: number): readonly string[] {
  const { spec, metadata } = cluster;
  const { name = '', namespace = '' } = metadata;
  const role = touchesStore(wanted.action)
    ? (spec.backup?.jwtAuthRole ?? roles.backup)
    : (spec.upgrade?.jwtAuthRole ?? roles.upgrade);
  const login = [
    ...memberUrls(cluster).map(({ pod, url }) => `--member=${pod}=${url}`),
    `--role=${role}`,
    `--token-file=${paths.token}`,
    ...(spec.tls?.enabled === false ? [] : [`--ca-file=${paths.ca}/ca.crt`]),
  ];
  const target = spec.backup?.target ?? {};
  const store = [
    `--target=${JSON.stringify(target)}`,
    ...(target.caSecretRef === undefined ? [] : [`--store-ca-file=${paths.storeCa}/ca.crt`]),
    ...(target.provider === 'pvc' ? [`--store-folder=${paths.store}`] : []),
    `--name=${snapshotName(cluster, wanted.operationId)}`,
    `--spool=${paths.spool}`,
  ];
  return [
    `--cluster=${name}`,
    `--namespace=${namespace}`,
    `--operation-id=${wanted.operationId}`,
    ...(wanted.pod === undefined ? [] : [`--pod=${wanted.pod}`]),
    ...(wanted.onlyWhileSealed === true ? ['--only-while-sealed'] : []),
    ...(wanted.action === 'probe-store' ? [] : login),
    ...(touchesStore(wanted.action) ? store : []),
    `--timeout-seconds=${Math.max(1, seconds - marginSeconds)}`,
  ];
}

/** Kubernetes ends the Job when the controller stops waiting for it: nothing acts after a hold. */
function deadlineSeconds(action: ExecutorAction, { deadlines }: DriverSettings): number {
  const milliseconds = {
    preflight: deadlines.preChecks,
    'probe-store': deadlines.preChecks,
    'step-down': deadlines.stepDown,
    'remove-peer': deadlines.scaling,
    snapshot: deadlines.snapshot,
  }[action];
  return Math.max(1, Math.floor(milliseconds / 1000));
}
