import { operationAnnotation } from '../../api/labels.ts';
import { jobOutcome } from '../jobs/job-outcome.ts';
import { parseTimestamp } from '../model/time.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';

/** A lock whose operation nothing shows is given free after this many milliseconds. */
const staleAfter = 10 * 60_000;

/** Frees a lock that its operation has left behind, with an Event. Jobs that could not be read may show it. */
export const decideStaleLock: Concern = ({ jobs }, status, { now }) => {
  const { operationLock: lock, ...rest } = status;
  const isUnderWay =
    status.upgrade !== undefined || status.scaling !== undefined || activeBlueGreen(status) !== undefined;
  // A restore locks out an upgrade that has stopped, which then proves nothing of it.
  const isUsed = isUnderWay && lock?.operation !== 'Restore';
  if (lock === undefined || isUsed) return unchanged(status);
  const seen = parseTimestamp(lock.renewedAt) ?? parseTimestamp(lock.acquiredAt);
  const isFresh = seen !== undefined && now - seen < staleAfter;
  const isShown =
    jobs.kind === 'unknown' ||
    jobs.value.some(
      (observed) =>
        observed.job.metadata.annotations?.[operationAnnotation] === lock.operationId &&
        jobOutcome(observed) === 'running',
    );
  if (isFresh || isShown) {
    return seen === undefined || isShown
      ? unchanged(status)
      : { ...unchanged(status), requeueAt: seen + staleAfter };
  }
  const note = `The lock of ${lock.holder ?? lock.operation}, last renewed at ${lock.renewedAt ?? 'no known time'}, belongs to no running operation.`;
  return {
    ...unchanged(rest),
    events: [{ type: 'Warning', reason: 'OperationLockTakenOver', action: 'Lock', note }],
  };
};
