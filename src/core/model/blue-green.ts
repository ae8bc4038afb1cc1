import type { BlueGreenUpgrade, OpenBaoCluster } from '../../api/openbaocluster.ts';

export type PhaseName = Exclude<NonNullable<BlueGreenUpgrade['phase']>, 'Idle'>;

/** Where a phase belongs. */
export type Stage = 'early' | 'late' | 'cleanup' | 'back';

const stages: Readonly<Record<PhaseName, Stage>> = {
  DeployingGreen: 'early',
  JoiningMesh: 'early',
  Syncing: 'early',
  Promoting: 'late',
  DemotingBlue: 'late',
  Cleanup: 'cleanup',
  RollingBack: 'back',
  RollbackCleanup: 'back',
};

/**
 * Early, blue is untouched and green can be thrown away. Late, votes have moved and are moved back. From Cleanup
 * there is no way back. Going back itself has none but break glass (specification, page 000;
 * docs/facts/openbao-operator.md, 3.3).
 */
export const stageOf = (phase: PhaseName): Stage => stages[phase];

type Cluster = Pick<OpenBaoCluster, 'status'>;

/** The blue-green upgrade under way; undefined when there is none. */
export function activeBlueGreen(
  status: Cluster['status'],
): (BlueGreenUpgrade & { readonly phase: PhaseName }) | undefined {
  const { blueGreen } = status ?? {};
  const phase = blueGreen?.phase;
  return phase === undefined || phase === 'Idle' ? undefined : { ...blueGreen, phase };
}
