import type { BlueGreenUpgrade, OpenBaoCluster } from '../../api/openbaocluster.ts';

export type PhaseName = Exclude<NonNullable<BlueGreenUpgrade['phase']>, 'Idle'>;

/**
 * Where a phase belongs. Early, blue is untouched and green can be thrown away. Late, votes have moved and are moved
 * back. From cleanup there is no way back. Going back itself has none but break glass (specification, page 000;
 * docs/facts/openbao-operator.md, 3.3).
 */
export type Stage = 'early' | 'late' | 'cleanup' | 'back';

interface PhaseTraits {
  readonly stage: Stage;
  /** Which halves are rendered as they should be; the other one is on its way out. */
  readonly keeps: 'both' | 'blue' | 'green';
}

/** All that other parts must know of a phase, in one place: a new phase cannot be forgotten anywhere. */
const traits: Readonly<Record<PhaseName, PhaseTraits>> = {
  DeployingGreen: { stage: 'early', keeps: 'both' },
  JoiningMesh: { stage: 'early', keeps: 'both' },
  Syncing: { stage: 'early', keeps: 'both' },
  Promoting: { stage: 'late', keeps: 'both' },
  UpgradingGreen: { stage: 'late', keeps: 'both' },
  DemotingBlue: { stage: 'late', keeps: 'both' },
  Cleanup: { stage: 'cleanup', keeps: 'green' },
  RollingBack: { stage: 'back', keeps: 'both' },
  RollbackCleanup: { stage: 'back', keeps: 'blue' },
};

export const stageOf = (phase: PhaseName): Stage => traits[phase].stage;

/**
 * The traits of a phase as it is stored, which may be another operator's.
 *
 * @returns undefined for a phase that is not ours; Idle is none
 */
export const storedTraits = (phase: string): PhaseTraits | undefined =>
  Object.hasOwn(traits, phase) ? traits[phase as PhaseName] : undefined;

/**
 * Whether green has taken over for good before Cleanup: it was upgraded in place because members of the two versions
 * give each other no votes, so blue, which has none any more, gets none back
 * (docs/facts/openbao-2.6-measured.md, 0.2).
 */
export const isPastWayBack = ({
  upgradesGreenInPlace,
  leadsSince,
}: Pick<BlueGreenUpgrade, 'upgradesGreenInPlace' | 'leadsSince'>): boolean =>
  upgradesGreenInPlace === true && leadsSince !== undefined;

/** Whether the green pods run, or are being given, the target: at once, or from their upgrade in place on. */
export const isGreenOnTarget = ({
  upgradesGreenInPlace,
  greenPartition,
}: Pick<BlueGreenUpgrade, 'upgradesGreenInPlace' | 'greenPartition'>): boolean =>
  upgradesGreenInPlace !== true || greenPartition !== undefined;

/** Whether pods of green are being made anew in place: until all have been, none of the others may go. */
export const isReplacingGreen = (blueGreen: BlueGreenUpgrade | undefined): boolean =>
  blueGreen?.phase === 'UpgradingGreen' &&
  blueGreen.greenPartition !== undefined &&
  blueGreen.greenPartition < (blueGreen.blueReplicas ?? Infinity);

type Cluster = Pick<OpenBaoCluster, 'status'>;

/** The blue-green upgrade under way; undefined when there is none. */
export function activeBlueGreen(
  status: Cluster['status'],
): (BlueGreenUpgrade & { readonly phase: PhaseName }) | undefined {
  const { blueGreen } = status ?? {};
  return blueGreen !== undefined && isActive(blueGreen) ? blueGreen : undefined;
}

const isActive = (upgrade: BlueGreenUpgrade): upgrade is BlueGreenUpgrade & { readonly phase: PhaseName } =>
  upgrade.phase !== undefined && upgrade.phase !== 'Idle';
