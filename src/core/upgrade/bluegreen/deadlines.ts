import type { BlueGreenUpgrade } from '../../../api/openbaocluster.ts';
import type { ControllerSettings } from '../../model/decision.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { patched } from '../../model/patch.ts';
import type { PhaseName } from '../../model/blue-green.ts';

/** Which patience each phase has. */
export const patienceOf: Readonly<Record<PhaseName, keyof ControllerSettings['deadlines']>> = {
  DeployingGreen: 'deployingGreen',
  JoiningMesh: 'deployingGreen',
  Syncing: 'syncing',
  Promoting: 'swapping',
  // Of each pod.
  UpgradingGreen: 'replacing',
  DemotingBlue: 'swapping',
  Cleanup: 'removing',
  RollingBack: 'swapping',
  RollbackCleanup: 'removing',
};

/** When waiting in a phase that begins at `from` becomes a failure. */
export const deadlineOf = (phase: PhaseName, from: number, { deadlines }: ControllerSettings): string =>
  timestamp(from + deadlines[patienceOf[phase]]);

/**
 * Moves every clock back by the time that spec.paused, or an absence of the controller, has taken: that of the phase, and those of spec's own times,
 * for nobody looked meanwhile.
 */
export function postponed(blueGreen: BlueGreenUpgrade, milliseconds: number): BlueGreenUpgrade {
  const later = (time: string | undefined) => {
    const parsed = parseTimestamp(time);
    return parsed === undefined ? undefined : timestamp(parsed + milliseconds);
  };
  return patched(blueGreen, {
    deadline: later(blueGreen.deadline),
    syncedAt: later(blueGreen.syncedAt),
    leadsSince: later(blueGreen.leadsSince),
    pausedAt: undefined,
  });
}
