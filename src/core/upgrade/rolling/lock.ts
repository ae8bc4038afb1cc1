import { operationAnnotation } from '../../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import type { ClusterEvent } from '../../cluster/decision.ts';
import type { Observation } from '../../cluster/observation.ts';
import { isLockedAgainst, withLock } from '../../cluster/operation-lock.ts';
import { jobOutcome } from '../../jobs/job-outcome.ts';
import { parseTimestamp } from '../../time.ts';
import { event } from './events.ts';
import { patched } from './phase.ts';

/** A lock whose operation nothing shows is taken over after this many milliseconds. */
const staleAfterMs = 10 * 60_000;

type Lock =
  | { readonly kind: 'ours'; readonly status: OpenBaoClusterStatus; readonly events: readonly ClusterEvent[] }
  | { readonly kind: 'held'; readonly by: string };

/** Takes or renews the lock; one that its operation has left behind is taken over, with an Event. */
export function takeLock(
  observation: Observation,
  status: OpenBaoClusterStatus,
  operationId: string,
  now: number,
): Lock {
  const lock = status.operationLock;
  const free = withLock(status, 'Upgrade', operationId, now);
  if (free !== undefined) return { kind: 'ours', status: free, events: [] };
  if (lock === undefined || !isLockedAgainst(status, 'Upgrade') || !isLeftBehind(observation, status, now)) {
    return { kind: 'held', by: `${lock?.operation} ${lock?.operationId ?? ''} holds the operation lock` };
  }
  const taken = withLock(patched(status, { operationLock: undefined }), 'Upgrade', operationId, now);
  if (taken === undefined) return { kind: 'held', by: 'the operation lock could not be taken' };
  const note = `the lock of ${lock.operation} ${lock.operationId ?? ''}, renewed last at ${lock.renewedAt}, belongs to nothing that runs`;
  return {
    kind: 'ours',
    status: taken,
    events: [event('Warning', 'OperationLockTakenOver', 'Lock', note)],
  };
}

/** Nothing in status and no Job shows the operation, for long. Unread Jobs may show it. */
function isLeftBehind(
  { jobs }: Observation,
  { operationLock, scaling }: OpenBaoClusterStatus,
  now: number,
): boolean {
  const { operationId, renewedAt, acquiredAt } = operationLock ?? {};
  const since = parseTimestamp(renewedAt) ?? parseTimestamp(acquiredAt);
  if (since !== undefined && now - since < staleAfterMs) return false;
  if (scaling !== undefined && scaling.operationId === operationId) return false;
  if (jobs.kind === 'unknown') return false;
  return !jobs.value.some(
    (observed) =>
      observed.job.metadata.annotations?.[operationAnnotation] === operationId &&
      jobOutcome(observed) === 'running',
  );
}
