import { isHoldReasonOf } from '../../api/hold-reasons.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import type { Notice } from './cluster-concern.ts';

/** Holds that are no operation's: they end with their cause, and their words with them. */
const isOwn = (reason: string | undefined) => isHoldReasonOf('Cluster', reason);

/** Bytes of status.lastErrorMessage. */
const longest = 2048;

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
    const lastErrorMessage = hold.message.slice(0, longest);
    return { ...status, lastErrorReason: hold.reason, lastErrorMessage };
  }
  return isOwn(status.lastErrorReason) ? withoutLastError(status) : status;
}

export function withoutLastError(status: OpenBaoClusterStatus): OpenBaoClusterStatus {
  const rest = omit(status, 'lastErrorReason', 'lastErrorMessage');
  return rest;
}
