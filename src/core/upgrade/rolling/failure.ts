import type { HoldReasonOf } from '../../../api/hold-reasons.ts';

export type FailureReason = HoldReasonOf<'RollingUpgrade'>;

export interface Failure {
  readonly reason: FailureReason;
  /** What is wrong with the values seen, and what to do now. */
  readonly message: string;
}

/** Bytes of status.lastErrorMessage. */
const longest = 2048;

/**
 * @param what what is wrong, with the values seen; without a full stop
 * @param remedy what to do now; without a full stop, for what ends with a command is copied with its end
 */
export function failure(reason: FailureReason, what: string, remedy: string): Failure {
  const room = longest - remedy.length - 2;
  const shown = what.length > room ? `${what.slice(0, room - 1)}…` : what;
  return { reason, message: `${shown}. ${remedy}` };
}
