import type { OpenBaoRestore, OpenBaoRestoreStatus } from '../../api/openbaorestore.ts';
import { dated, verdict, type Verdict } from '../model/conditions.ts';

/**
 * What people and kstatus read: Ready, Reconciling, Stalled (it waits for a person, or failed), Restored (the data
 * is the snapshot's), Complete (members repaired and restarted too), Failed.
 */
export function withConditions(
  { metadata }: OpenBaoRestore,
  status: OpenBaoRestoreStatus,
  now: number,
): OpenBaoRestoreStatus {
  return {
    ...status,
    conditions: verdicts(status).map((each) => dated(each, status.conditions, metadata.generation, now)),
  };
}

function verdicts(status: OpenBaoRestoreStatus): readonly Verdict[] {
  const {
    phase = 'Pending',
    held,
    waitingFor = '',
    lastErrorReason = 'Failed',
    lastErrorMessage = '',
  } = status;
  const isComplete = phase === 'Complete';
  const hasFailed = phase === 'Failed';
  const reason = hasFailed ? lastErrorReason : phase;
  const message = hasFailed
    ? lastErrorMessage
    : isComplete
      ? 'the data is restored, and the members are repaired and restarted'
      : waitingFor;
  const of = (type: string, is: boolean | undefined) => verdict(type, is, reason, message);
  return [
    of('Ready', isComplete),
    // In the order of every kind (src/core/model/conditions.ts).
    of('Stalled', hasFailed || held === true),
    of('Reconciling', !isComplete && !hasFailed && held !== true),
    of(
      'Restored',
      status.restoredAt === undefined && status.outcomeUnknown === true
        ? undefined
        : status.restoredAt !== undefined,
    ),
    of('Complete', isComplete),
    of('Failed', hasFailed),
  ];
}
