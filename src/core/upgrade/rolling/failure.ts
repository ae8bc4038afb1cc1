import type { Explanation, Remedy } from '../../model/explanation.ts';
import type { HoldReasonOf } from '../../../api/hold-reasons.ts';

export type FailureReason = HoldReasonOf<'RollingUpgrade'>;

/** Why it holds, and what to do now. */
export interface Failure extends Explanation {
  readonly reason: FailureReason;
  readonly remedy: string;
}

/** @param message what is wrong, with the values seen; without a full stop */
export const failure = (reason: FailureReason, message: string, remedy: Remedy): Failure => ({
  reason,
  message,
  ...remedy,
});
