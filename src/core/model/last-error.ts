import { patched } from './patch.ts';
import { inWords, type Explanation } from './explanation.ts';
import { isHoldReasonOf } from '../../api/hold-reasons.ts';
import { defined } from '../../api/object-fields.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { Notice } from './cluster-concern.ts';

/** Holds that are no operation's: they end with their cause, and their words with them. */
const isOwn = (reason: string | undefined) => isHoldReasonOf('Cluster', reason);

/** Characters of status.lastErrorMessage. */
const longest = 2048;

/** What status.lastError… say: the whole as one text, and its parts. */
export function lastError(
  reason: string,
  explanation: Explanation,
): Pick<OpenBaoClusterStatus, 'lastErrorReason' | 'lastErrorMessage' | 'lastErrorDetails'> {
  const { message, remedy, commands = [] } = explanation;
  // A command that is cut would be another command.
  const whole = commands.filter(({ line }) => line.length <= longest);
  return {
    lastErrorReason: reason,
    lastErrorMessage: inWords(explanation, longest),
    lastErrorDetails: defined({
      message: message.slice(0, longest),
      remedy: remedy?.slice(0, longest),
      commands: whole.length === 0 ? undefined : whole,
    }),
  };
}

/** Taken off together. */
export const noLastError = {
  lastErrorReason: undefined,
  lastErrorMessage: undefined,
  lastErrorDetails: undefined,
} as const;

/**
 * status.lastErrorReason says why it holds. The words of an upgrade or a scaling that holds are theirs and
 * stay; those of any other hold come and go with it.
 */
export function withLastError(
  status: OpenBaoClusterStatus,
  notices: readonly Notice[],
): OpenBaoClusterStatus {
  const { upgrade, blueGreen, scaling, breakGlass } = status;
  const isOperations =
    upgrade?.held === true ||
    blueGreen?.held === true ||
    scaling?.held === true ||
    breakGlass?.active === true;
  if (isOperations) return status;
  const hold = notices.find(({ kind, reason }) => kind === 'held' && isOwn(reason));
  if (hold !== undefined) {
    return { ...status, ...lastError(hold.reason, hold) };
  }
  return isOwn(status.lastErrorReason) ? withoutLastError(status) : status;
}

export function withoutLastError(status: OpenBaoClusterStatus): OpenBaoClusterStatus {
  return patched(status, noLastError);
}
