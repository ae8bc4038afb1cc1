import type { HoldReasonOf } from '../../api/hold-reasons.ts';

/** Why a restore failed, where no Job of it says so in its own words. */
type FailureReason = HoldReasonOf<'Restore'>;

export interface RestoreFailure {
  /** One of those, or the reason of an executor's report, such as Truncated. */
  readonly reason: string;
  /** What is wrong with the values seen, and what to do now. */
  readonly message: string;
}

/** Bytes of status.lastErrorMessage. */
const longest = 2048;

export const failure = (reason: FailureReason, message: string): RestoreFailure => inWords(reason, message);

/** @param reason as an executor reports it */
export const inWords = (reason: string, message: string): RestoreFailure => ({
  reason,
  message: message.slice(0, longest),
});
