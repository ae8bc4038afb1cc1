import { rollingPhases, type OpenBaoCluster, type RollingUpgrade } from '../../api/openbaocluster.ts';
import { parseTimestamp } from '../../core/time.ts';
import { names } from '../../core/workload/names.ts';

/** The upgrade or restart under way. Durations are milliseconds. */
export interface UpgradeView {
  /** `upgrade`: another version; `image`: another image of the same version; `restart`: neither. */
  readonly kind: 'upgrade' | 'image' | 'restart';
  readonly from?: string;
  readonly to?: string;
  readonly phase?: string;
  /** The pods that the phase is about. */
  readonly pods: readonly string[];
  readonly completedPods: number;
  readonly totalPods: number;
  /** Whether a pod of the target may have started: from then on the only way back is a snapshot. */
  readonly started: boolean;
  readonly runningForMs?: number;
  readonly phaseForMs?: number;
  /** Until waiting becomes a hold; negative once passed; absent while the clock stands still. */
  readonly holdsInMs?: number;
  readonly held: boolean;
  readonly leadershipChanges: number;
  readonly stepDowns: number;
  readonly snapshot?: string;
}

export function upgradeView(cluster: OpenBaoCluster, now: number): UpgradeView | undefined {
  const upgrade = cluster.status?.upgrade;
  if (upgrade === undefined) return undefined;
  const { fromVersion, targetVersion, fromImage, targetImage, phase, snapshot } = upgrade;
  const kind = fromVersion !== targetVersion ? 'upgrade' : fromImage !== targetImage ? 'image' : 'restart';
  const [from, to] = kind === 'image' ? [fromImage, targetImage] : [fromVersion, targetVersion];
  const totalPods = cluster.status?.replicas ?? cluster.spec.replicas ?? 3;
  const completedPods = upgrade.completedPods?.length ?? 0;
  const clock = clockOf(upgrade, now);
  return {
    kind,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(phase === undefined ? {} : { phase }),
    pods: ordinalsOf(upgrade).map(names(cluster.metadata.name ?? '').pod),
    completedPods,
    totalPods,
    started:
      upgrade.targetStarted === true ||
      completedPods > 0 ||
      (upgrade.currentPartition ?? totalPods) < totalPods,
    ...clock,
    held: upgrade.held ?? false,
    leadershipChanges: upgrade.leadershipChanges ?? 0,
    stepDowns: upgrade.stepDowns ?? 0,
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}

function clockOf(
  { startedAt, phaseStartedAt, deadline, pausedAt, held }: RollingUpgrade,
  now: number,
): Pick<UpgradeView, 'runningForMs' | 'phaseForMs' | 'holdsInMs'> {
  const [started, phaseStarted, due] = [startedAt, phaseStartedAt, deadline].map(parseTimestamp);
  return {
    ...(started === undefined ? {} : { runningForMs: now - started }),
    ...(phaseStarted === undefined ? {} : { phaseForMs: now - phaseStarted }),
    ...(due === undefined || held === true || pausedAt !== undefined ? {} : { holdsInMs: due - now }),
  };
}

/** The ordinals that the phase is about. */
function ordinalsOf({ phase, replacing, currentPartition = 0, catchUp = [] }: RollingUpgrade): number[] {
  if (phase === 'CatchingUp' && catchUp.length > 0) return catchUp.map(({ ordinal }) => ordinal);
  if (phase === 'SteppingDown') return [replacing?.ordinal ?? Math.max(0, currentPartition - 1)];
  if (phase === 'Replacing' || phase === 'CatchingUp') return [replacing?.ordinal ?? currentPartition];
  return [];
}

/** Phases that come once for each pod. */
const perPod: readonly string[] = ['SteppingDown', 'Replacing', 'CatchingUp'];

export interface Milestone {
  readonly name: string;
  readonly state: 'done' | 'now' | 'next';
}

/** The way of an upgrade, with the phases that come once for each pod as one: `pods 1/3`. */
export function milestones(
  { phase, completedPods, totalPods }: UpgradeView,
  snapshotWanted: boolean,
): readonly Milestone[] {
  const present = rollingPhases.findIndex((each) => each === phase);
  const isNow = (index: number) => index === present;
  const single = (name: (typeof rollingPhases)[number]): Milestone => {
    const index = rollingPhases.indexOf(name);
    return { name, state: isNow(index) ? 'now' : index < present ? 'done' : 'next' };
  };
  const pods: Milestone = {
    name: `pods ${completedPods}/${totalPods}`,
    state: perPod.includes(phase ?? '') ? 'now' : phase === 'Finalizing' ? 'done' : 'next',
  };
  return [
    single('PreChecks'),
    ...(snapshotWanted || phase === 'Snapshot' ? [single('Snapshot')] : []),
    single('Locking'),
    pods,
    single('Finalizing'),
  ];
}
