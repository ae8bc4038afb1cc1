import { blueGreenPhases, type OpenBaoCluster, type RollingUpgrade } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { parseTimestamp } from '../../core/model/time.ts';
import { awaitedRequest, type AwaitedRequest } from '../../core/upgrade/bluegreen/awaited.ts';
import { onTimeout } from '../../core/upgrade/bluegreen/on-failure.ts';
import { stageOf, activeBlueGreen, isPastWayBack, type Stage } from '../../core/model/blue-green.ts';
import { upgradesGreenInPlace } from '../../core/upgrade/target.ts';
import { greenRevision, liveRevision, memberNamed } from '../../core/model/members.ts';
import { clockOf, kindOf, milestonesOf, type Progress, type Milestone } from './course.ts';

/** A blue-green upgrade; on its way back too, when `from` is still the version that it came from. */
export interface BlueGreenView extends Progress {
  readonly strategy: 'BlueGreen';
  /** `checks`: before green is deployed. The others: what a rollback costs, or that there is none. */
  readonly stage: Stage | 'checks';
  /** Members that vote, of each half. */
  readonly votes?: { readonly blue: number; readonly green: number };
  /** The request that nothing goes on without. */
  readonly awaits?: AwaitedRequest;
  /** Since the first green member was asked to vote. */
  readonly crossingForMs?: number;
  /** Whether green is upgraded in place once it votes. */
  readonly isInPlace: boolean;
  /** Since Cleanup began, or a green member leads that gives blue no votes. */
  readonly noReturnForMs?: number;
  readonly rollback?: { readonly reason?: string; readonly forMs?: number; readonly attempts: number };
  /** Jobs that failed in this phase. */
  readonly jobFailures: number;
  /** The one that failed last, in whatever phase. */
  readonly lastJobFailure?: string;
}

/** While the checks and the snapshot are made that both strategies share. */
export function checkedView(upgrade: RollingUpgrade, now: number): BlueGreenView {
  const { phase, snapshot, held = false, leadershipChanges = 0 } = upgrade;
  return {
    strategy: 'BlueGreen',
    stage: 'checks',
    ...kindOf(upgrade),
    ...defined({ phase }),
    ...clockOf(upgrade, now),
    onFailure: 'hold',
    held,
    leadershipChanges,
    isInPlace: upgradesGreenInPlace(upgrade),
    jobFailures: 0,
    ...defined({ snapshot }),
  };
}

/** @param now milliseconds since the epoch */
export function blueGreenView(cluster: OpenBaoCluster, now: number): BlueGreenView | undefined {
  const blueGreen = activeBlueGreen(cluster.status);
  if (blueGreen === undefined) return undefined;
  const { phase, blueVersion, blueImage, greenVersion, greenImage, lastJobFailure } = blueGreen;
  const stage = stageOf(phase);
  const since = (time: string | undefined) => {
    const began = parseTimestamp(time);
    return began === undefined ? undefined : now - began;
  };
  const noReturnAt =
    blueGreen.cleanupStartedAt ?? (isPastWayBack(blueGreen) ? blueGreen.leadsSince : undefined);
  const [crossing, noReturn] = [blueGreen.crossedAt, noReturnAt].map(since);
  const awaits = awaitedRequest(blueGreen);
  const votes = votesOf(cluster);
  const isBroken = cluster.status?.breakGlass?.active === true;
  return {
    strategy: 'BlueGreen',
    stage,
    ...kindOf({
      fromVersion: blueVersion,
      targetVersion: greenVersion,
      fromImage: blueImage,
      targetImage: greenImage,
    }),
    phase,
    // In break glass no time is running.
    ...clockOf({ ...blueGreen, held: blueGreen.held === true || isBroken }, now),
    onFailure: isPastWayBack(blueGreen) ? 'hold' : onTimeout(cluster.spec, phase),
    held: blueGreen.held ?? false,
    leadershipChanges: blueGreen.leadershipChanges ?? 0,
    isInPlace: blueGreen.upgradesGreenInPlace === true,
    ...defined({ votes }),
    ...(awaits === undefined || blueGreen.held === true ? {} : { awaits }),
    ...defined({ crossingForMs: crossing, noReturnForMs: noReturn }),
    ...(stage === 'back' ? { rollback: rollbackOf(blueGreen, since(blueGreen.rollbackStartedAt)) } : {}),
    jobFailures: blueGreen.jobFailures ?? 0,
    ...defined({ lastJobFailure }),
  };
}

function rollbackOf(
  { rollbackReason: reason, rollbackAttempt: attempts = 0 }: NonNullable<ReturnType<typeof activeBlueGreen>>,
  forMs: number | undefined,
): NonNullable<BlueGreenView['rollback']> {
  return {
    ...defined({ reason, forMs }),
    attempts,
  };
}

function votesOf(cluster: OpenBaoCluster): BlueGreenView['votes'] {
  const { status } = cluster;
  if (status?.raft?.voters === undefined) return undefined;
  const of = (revision: string | undefined) =>
    status.raft?.voters?.filter((voter) => memberNamed(cluster, voter)?.revision === revision).length ?? 0;
  return { blue: of(liveRevision(status)), green: of(greenRevision(status)) };
}

/** The phases that lead forward, in their order. */
const forward = blueGreenPhases.filter((phase) => phase !== 'Idle' && stageOf(phase) !== 'back');

/** The way forward; or the way back, which is short where green never voted. */
export function blueGreenMilestones(
  { phase, stage, crossingForMs, isInPlace }: BlueGreenView,
  snapshotWanted: boolean,
): readonly Milestone[] {
  if (stage === 'back') {
    const hadVotes = crossingForMs !== undefined || phase === 'RollingBack';
    return milestonesOf([...(hadVotes ? ['RollingBack'] : []), 'RollbackCleanup'], phase);
  }
  const snapshot = snapshotWanted || phase === 'Snapshot' ? ['Snapshot'] : [];
  const way = forward.filter((each) => isInPlace || each !== 'UpgradingGreen');
  return milestonesOf(['PreChecks', ...snapshot, ...way], phase);
}
