import { operationAnnotation } from '../../api/labels.ts';
import { jobOutcome } from '../jobs/job-outcome.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';

/** A lock whose operation nothing shows, and that was seen unchanged for so many milliseconds, is given free. */
const staleAfter = 10 * 60_000;

/**
 * Frees a lock that its operation has left behind, with an Event. Whoever is under way has it, however long that
 * takes: the operation's own state says so, and what could not be read may show it. The times in the lock are for
 * people: another controller may have written them, by another clock, and a restore writes them once.
 */
export const decideStaleLock: Concern = (observation, status, { now }) => {
  const { jobs, restoresUnderWay, lockUnchangedMs } = observation;
  const { operationLock: lock, ...rest } = status;
  const isUnderWay =
    status.upgrade !== undefined || status.scaling !== undefined || activeBlueGreen(status) !== undefined;
  // A restore locks out an upgrade that has stopped, which then proves nothing of it.
  const isUsed = isUnderWay && lock?.operation !== 'Restore';
  if (lock === undefined || isUsed) return unchanged(status);
  const { operationId } = lock;
  const isShown =
    restoresUnderWay.kind === 'unknown' ||
    (operationId !== undefined && restoresUnderWay.value.includes(operationId)) ||
    jobs.kind === 'unknown' ||
    jobs.value.some(
      (observed) =>
        observed.job.metadata.annotations?.[operationAnnotation] === operationId &&
        jobOutcome(observed) === 'running',
    );
  if (isShown) return unchanged(status);
  const leftMs = staleAfter - lockUnchangedMs;
  if (leftMs > 0) return { ...unchanged(status), requeueAt: now + leftMs };
  const note = `The lock of ${lock.holder ?? lock.operation}, last renewed at ${lock.renewedAt ?? 'no known time'}, belongs to no running operation: no restore, no Job and no other status shows it, and it has not changed for ${staleAfter / 60_000} minutes.`;
  return {
    ...unchanged(rest),
    events: [{ type: 'Warning', reason: 'OperationLockTakenOver', action: 'Lock', note }],
  };
};
