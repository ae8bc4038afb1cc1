import type { RollingUpgrade } from '../../api/openbaocluster.ts';

export type RollingPhase = NonNullable<RollingUpgrade['phase']>;

/**
 * What other parts must know of a phase of status.upgrade. In `checks` no pod is touched, the lock is given back on a
 * hold, and both strategies are alike; in `rolling` the pods are to run the target.
 */
const parts: Readonly<Record<RollingPhase, 'checks' | 'rolling'>> = {
  PreChecks: 'checks',
  Snapshot: 'checks',
  Locking: 'rolling',
  SteppingDown: 'rolling',
  Replacing: 'rolling',
  CatchingUp: 'rolling',
  Finalizing: 'rolling',
};

/** Whether the pods are to run the upgrade's target by now: all checks have passed. */
export const isRolling = (phase: RollingPhase | undefined): boolean =>
  phase !== undefined && parts[phase] === 'rolling';

/**
 * Whether a member is being replaced, and has not caught up since: until then no other may go, by whose hand ever. While it
 * is held or paused its pod may be on its way down: src/core/cluster/evictions.ts knows when it is not.
 */
export const isReplacing = (upgrade: RollingUpgrade | undefined): boolean =>
  isRolling(upgrade?.phase) && upgrade?.replacing !== undefined;
