import type { OpenBaoCluster, RollingUpgrade } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { wantedReplicas } from '../../core/model/selectors.ts';
import { isBlueGreen } from '../../core/upgrade/target.ts';
import { liveNames } from '../../core/model/members.ts';
import { blueGreenMilestones, blueGreenView, checkedView, type BlueGreenView } from './blue-green.ts';
import { clockOf, kindOf, milestonesOf, type Progress, type Milestone } from './course.ts';

/** A rolling upgrade, or a restart. */
interface RollingView extends Progress {
  readonly strategy: 'RollingUpdate';
  /** The pods that the phase is about. */
  readonly pods: readonly string[];
  readonly completedPods: number;
  readonly totalPods: number;
  /** Whether a pod of the target may have started: from then on the only way back is a snapshot. */
  readonly started: boolean;
  readonly stepDowns: number;
}

/** The upgrade or restart under way. */
export type UpgradeView = RollingView | BlueGreenView;

/** @param now milliseconds since the epoch */
export function upgradeView(cluster: OpenBaoCluster, now: number): UpgradeView | undefined {
  const upgrade = cluster.status?.upgrade;
  // Both strategies share the checks and the snapshot, which stand in status.upgrade.
  if (upgrade === undefined) return blueGreenView(cluster, now);
  return isBlueGreen(cluster, upgrade) ? checkedView(upgrade, now) : rollingView(cluster, upgrade, now);
}

function rollingView(cluster: OpenBaoCluster, upgrade: RollingUpgrade, now: number): RollingView {
  const { phase, snapshot } = upgrade;
  const totalPods = cluster.status?.replicas ?? wantedReplicas(cluster);
  const completedPods = upgrade.completedPods?.length ?? 0;
  return {
    strategy: 'RollingUpdate',
    ...kindOf(upgrade),
    ...defined({ phase }),
    pods: ordinalsOf(upgrade).map(liveNames(cluster).pod),
    completedPods,
    totalPods,
    started:
      upgrade.targetStarted === true ||
      completedPods > 0 ||
      (upgrade.currentPartition ?? totalPods) < totalPods,
    ...clockOf(upgrade, now),
    onFailure: 'hold',
    held: upgrade.held ?? false,
    leadershipChanges: upgrade.leadershipChanges ?? 0,
    stepDowns: upgrade.stepDowns ?? 0,
    ...defined({ snapshot }),
  };
}

/** The ordinals that the phase is about. */
function ordinalsOf({ phase, replacing, currentPartition = 0, catchUp = [] }: RollingUpgrade): number[] {
  if (phase === 'CatchingUp' && catchUp.length > 0) return catchUp.map(({ ordinal }) => ordinal);
  if (phase === 'SteppingDown') return [replacing?.ordinal ?? Math.max(0, currentPartition - 1)];
  if (phase === 'Replacing' || phase === 'CatchingUp') return [replacing?.ordinal ?? currentPartition];
  return [];
}

/** The way of an upgrade. */
export const milestones = (upgrade: UpgradeView, snapshotWanted: boolean): readonly Milestone[] =>
  upgrade.strategy === 'BlueGreen'
    ? blueGreenMilestones(upgrade, snapshotWanted)
    : rollingMilestones(upgrade, snapshotWanted);

/** Phases that come once for each pod. */
const perPod: readonly string[] = ['SteppingDown', 'Replacing', 'CatchingUp'];

/** With the phases that come once for each pod as one: `pods 1/3`. */
function rollingMilestones(
  { phase = '', completedPods, totalPods }: RollingView,
  snapshotWanted: boolean,
): readonly Milestone[] {
  const pods = `pods ${completedPods}/${totalPods}`;
  const names = [
    'PreChecks',
    ...(snapshotWanted || phase === 'Snapshot' ? ['Snapshot'] : []),
    'Locking',
    pods,
    'Finalizing',
  ];
  return milestonesOf(names, perPod.includes(phase) ? pods : phase);
}
