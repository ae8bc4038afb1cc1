import type { RollingUpgrade } from '../../../api/openbaocluster.ts';
import type { ControllerSettings } from '../../model/decision.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import type { FailureReason } from './failure.ts';
import type { PhaseName } from './phase.ts';
import { patched } from '../../model/patch.ts';

/** Which patience each phase has. */
export const patienceOf: Readonly<Record<PhaseName, keyof ControllerSettings['deadlines']>> = {
  PreChecks: 'preChecks',
  Snapshot: 'snapshot',
  Locking: 'replacing',
  SteppingDown: 'stepDown',
  Replacing: 'replacing',
  CatchingUp: 'catchingUp',
  Finalizing: 'replacing',
};

/**
 * When waiting in a phase that begins at `from` becomes a hold. Each phase has its own time, never one for the
 * whole upgrade: a large cluster would run out of it (docs/facts/openbao-operator.md, 11, 1).
 */
export const deadlineOf = (phase: PhaseName, from: number, { deadlines }: ControllerSettings): string =>
  timestamp(from + deadlines[patienceOf[phase]]);

/** Moves every deadline back by the time that spec.paused, or an absence of the controller, has taken. */
export function postponed(upgrade: RollingUpgrade, milliseconds: number): RollingUpgrade {
  const later = (time: string | undefined) => {
    const parsed = parseTimestamp(time);
    return parsed === undefined ? undefined : timestamp(parsed + milliseconds);
  };
  return patched(upgrade, {
    deadline: later(upgrade.deadline),
    catchUp: upgrade.catchUp?.map((each) => patched(each, { deadline: later(each.deadline) })),
    pausedAt: undefined,
  });
}

/** What the passed deadline of a phase is called. */
export const timeoutReason: Readonly<Record<PhaseName, FailureReason>> = {
  PreChecks: 'PreChecksTimeout',
  Snapshot: 'PreUpgradeSnapshotFailed',
  Locking: 'TemplateNotApplied',
  SteppingDown: 'StepDownTimeout',
  Replacing: 'PodNotReady',
  CatchingUp: 'NotCaughtUp',
  Finalizing: 'NotConverged',
};
