import type { KubernetesObject } from '../../api/kubernetes.ts';
import { components } from '../../api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../api/openbaocluster.ts';
import type { ControllerSettings } from '../model/decision.ts';
import { literal } from '../model/literal.ts';
import { jwtAuth, names, roles } from '../model/names.ts';
import { hasStaticSeal, sealId } from '../model/seal.ts';
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

/** The name of the container, whose image is Rollguard's own. */
export const executorContainer = 'executor';

/** Seconds of a Job's time that its container may need to be pulled, started and to report. */
const marginSeconds = 10;

/**
 * Milliseconds to move the votes: with the intervals that OpenBao has by itself each change takes a round of
 * autopilot of 10 s, and 5 members on each side need ten (docs/facts/openbao-measured.md, section 2).
 */
export const swapMs = 5 * 60_000;
/** Milliseconds for what takes effect at once. */
export const removalMs = 2 * 60_000;

/**
 * The Job that carries out one step. Its arguments hold no secret: it logs in with a projected token that the role at
 * auth/jwt-operator is bound to; credentials of a store come from their Secret.
 */
export function executorJob(
  cluster: OpenBaoCluster,
  wanted: ExecutorStep,
  settings: ControllerSettings,
): KubernetesObject {
  const { spec } = cluster;
  const volumes = volumesOf(cluster, wanted);
  const activeDeadlineSeconds = deadlineSeconds(wanted.action, settings);
  const { component, serviceAccount, usesStore } = natures[wanted.action];
  const env = usesStore ? storeEnvironment(targetOf(cluster, wanted)) : [];
  return job(cluster, wanted, {
    component: components[component],
    serviceAccount: names(cluster.metadata.name ?? '')[serviceAccount],
    user: executorUser,
    activeDeadlineSeconds,
    container: {
      name: executorContainer,
      image: spec.upgrade?.executorImage ?? spec.upgrade?.image ?? settings.executorImage,
      args: ['executor', wanted.action, ...argumentsOf(cluster, wanted, activeDeadlineSeconds)].map(literal),
      ...(env.length === 0 ? {} : { env }),
      volumeMounts: volumes.map(({ mount }) => mount),
    },
    volumes: volumes.map(({ volume }) => volume),
  });
}

/** What an action is part of, as whom its Job runs, and what it is given. */
interface Nature {
  readonly component: keyof typeof components;
  readonly serviceAccount: 'upgradeServiceAccount' | 'backupServiceAccount' | 'restoreServiceAccount';
  readonly usesStore: boolean;
  readonly logsIn: boolean;
  /** Which role it logs in as; the one that a spec may name instead. */
  readonly role: (spec: OpenBaoClusterSpec) => string;
}

const step: Nature = {
  component: 'upgrade',
  serviceAccount: 'upgradeServiceAccount',
  usesStore: false,
  logsIn: true,
  role: ({ upgrade }) => upgrade?.jwtAuthRole ?? roles.upgrade,
};
const snapshot: Nature = {
  component: 'snapshot',
  serviceAccount: 'backupServiceAccount',
  usesStore: true,
  logsIn: true,
  role: ({ backup }) => backup?.jwtAuthRole ?? roles.backup,
};
const restore: Nature = {
  ...snapshot,
  component: 'restore',
  serviceAccount: 'restoreServiceAccount',
  role: () => roles.restore,
};

const natures: Readonly<Record<ExecutorAction, Nature>> = {
  preflight: step,
  'step-down': step,
  'remove-peer': step,
  snapshot,
  'probe-store': { ...snapshot, logsIn: false },
  'verify-snapshot': { ...restore, logsIn: false },
  'restore-snapshot': restore,
  'promote-green': step,
  'hand-over-to-green': step,
  'repair-consensus': step,
  'remove-blue-peers': step,
  'remove-green-peers': step,
  'dead-server-cleanup': step,
  // As the role of upgrades, which has this right too: a snapshot of before there was a restore has it.
  'repair-membership': { ...step, component: 'restore' },
  'trust-issuer': step,
};

/** The snapshot that a step names. */
const namedBy = (wanted: ExecutorStep) => ('halves' in wanted ? undefined : wanted.snapshot);
const targetOf = ({ spec }: OpenBaoCluster, wanted: ExecutorStep) =>
  namedBy(wanted)?.target ?? spec.backup?.target;

/** Those that keep a snapshot on their own disk before they pass it on. */
const spools: ReadonlySet<ExecutorAction> = new Set(['snapshot', 'restore-snapshot']);

function volumesOf(cluster: OpenBaoCluster, wanted: ExecutorStep): readonly MountedVolume[] {
  const { metadata, spec } = cluster;
  const { logsIn, usesStore } = natures[wanted.action];
  const login = logsIn ? [tokenVolume(jwtAuth.audience)] : [];
  const usesTls = logsIn && spec.tls?.enabled !== false;
  const ca = usesTls ? [caVolume('ca', names(metadata.name ?? '').ca, paths.ca)] : [];
  const spool = spools.has(wanted.action) ? [spoolVolume] : [];
  return [...login, ...ca, ...spool, ...(usesStore ? storeVolumes(targetOf(cluster, wanted)) : [])];
}

const podsOf = (wanted: ExecutorStep) =>
  'halves' in wanted ? [...wanted.halves.blue, ...wanted.halves.green] : undefined;

/** The flags of `rollguard executor`, see src/commands/executor.ts. */
function argumentsOf(cluster: OpenBaoCluster, wanted: ExecutorStep, seconds: number): readonly string[] {
  const { spec, metadata } = cluster;
  const { name = '', namespace = '' } = metadata;
  const { role, usesStore, logsIn } = natures[wanted.action];
  const login = [
    ...memberUrls(cluster, podsOf(wanted)).map(({ pod, url }) => `--member=${pod}=${url}`),
    `--role=${role(spec)}`,
    `--token-file=${paths.token}`,
    ...(spec.tls?.enabled === false ? [] : [`--ca-file=${paths.ca}/ca.crt`]),
  ];
  const target = targetOf(cluster, wanted) ?? {};
  const store = [
    `--target=${JSON.stringify(target)}`,
    ...(target.caSecretRef === undefined ? [] : [`--store-ca-file=${paths.storeCa}/ca.crt`]),
    ...(target.provider === 'pvc' ? [`--store-folder=${paths.store}`] : []),
    `--name=${namedBy(wanted)?.name ?? snapshotName(cluster, wanted.operationId)}`,
    `--spool=${paths.spool}`,
    // The static one's is what the flag has by itself.
    ...(hasStaticSeal(cluster) ? [] : [`--seal=${sealId(cluster)}`]),
  ];
  return [
    `--cluster=${name}`,
    `--namespace=${namespace}`,
    `--operation-id=${wanted.operationId}`,
    ...subjectOf(wanted),
    ...(logsIn ? login : []),
    ...(usesStore ? store : []),
    `--timeout-seconds=${Math.max(1, seconds - marginSeconds)}`,
  ];
}

/** What the step is about. */
function subjectOf(wanted: ExecutorStep): readonly string[] {
  if (!('halves' in wanted)) {
    return [
      ...(wanted.pod === undefined ? [] : [`--pod=${wanted.pod}`]),
      ...(wanted.onlyWhileSealed === true ? ['--only-while-sealed'] : []),
      ...(wanted.movesVotes === true ? ['--moves-votes'] : []),
      ...(wanted.snapshot?.sha256 === undefined ? [] : [`--sha256=${wanted.snapshot.sha256}`]),
      ...(wanted.force === true ? ['--force'] : []),
      ...(wanted.voters ?? []).map((voter) => `--voter=${voter}`),
      // Public keys: nothing secret.
      ...(wanted.issuer === undefined ? [] : [`--issuer=${JSON.stringify(wanted.issuer)}`]),
    ];
  }
  if (wanted.action === 'dead-server-cleanup') return [`--state=${wanted.enabled ? 'on' : 'off'}`];
  const { blue, green } = wanted.halves;
  return [...blue.map((pod) => `--blue=${pod}`), ...green.map((pod) => `--green=${pod}`)];
}

/** Kubernetes ends the Job when the controller stops waiting for it: nothing acts after a hold. */
function deadlineSeconds(action: ExecutorAction, { deadlines }: ControllerSettings): number {
  const milliseconds = {
    preflight: deadlines.preChecks,
    'probe-store': deadlines.preChecks,
    'step-down': deadlines.stepDown,
    'remove-peer': deadlines.scaling,
    snapshot: deadlines.snapshot,
    'verify-snapshot': deadlines.snapshot,
    'restore-snapshot': deadlines.snapshot,
    'repair-membership': deadlines.scaling,
    'promote-green': swapMs,
    'hand-over-to-green': swapMs,
    'repair-consensus': swapMs,
    'remove-blue-peers': removalMs,
    'remove-green-peers': removalMs,
    'dead-server-cleanup': removalMs,
    'trust-issuer': deadlines.preChecks,
  }[action];
  return Math.max(1, Math.floor(milliseconds / 1000));
}
