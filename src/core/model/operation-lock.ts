import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import { parseTimestamp, timestamp } from './time.ts';

type OperationLock = NonNullable<OpenBaoClusterStatus['operationLock']>;
type Operation = NonNullable<OperationLock['operation']>;

/** A lock that looks alive is renewed this seldom, in milliseconds: each time is a write. */
const renewEvery = 60_000;

/** One that was not renewed for so many milliseconds had no controller that looked after it. */
const unwatchedAfter = 3 * renewEvery;

const holders: Readonly<Record<Operation, string>> = {
  Upgrade: 'openbaocluster/upgrade',
  Scale: 'openbaocluster/scale',
  Backup: 'openbaocluster/backup',
  Restore: 'openbaorestore',
};

/** Whether another operation than this one keeps it out. */
export function isLockedAgainst({ operationLock }: OpenBaoClusterStatus, operation: Operation): boolean {
  return operationLock?.operation !== undefined && operationLock.operation !== operation;
}

/**
 * Takes the lock or renews it.
 *
 * @param now milliseconds since the epoch
 * @returns the status with the lock, the same one where nothing changes; undefined when another operation holds it
 */
export function withLock(
  status: OpenBaoClusterStatus,
  operation: Operation,
  operationId: string,
  now: number,
): OpenBaoClusterStatus | undefined {
  if (isLockedAgainst(status, operation)) return undefined;
  const { operationLock: lock } = status;
  const ours = lock !== undefined && lock.operationId === operationId;
  if (ours && now - Date.parse(lock.renewedAt ?? '') < renewEvery) return status;
  const operationLock: OperationLock = {
    operation,
    holder: holders[operation],
    operationId,
    acquiredAt: ours && lock.acquiredAt !== undefined ? lock.acquiredAt : timestamp(now),
    renewedAt: timestamp(now),
  };
  return { ...status, operationLock };
}

/**
 * For how long no controller has looked after an operation, as its lock says: such time is no waiting
 * (docs/design.md, rule 9).
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds; 0 where somebody looked, or the lock is not the operation's
 */
export function unwatchedMs(
  { operationLock }: OpenBaoClusterStatus,
  operationId: string | undefined,
  now: number,
): number {
  if (operationLock === undefined || operationLock.operationId !== operationId) return 0;
  const age = now - (parseTimestamp(operationLock.renewedAt) ?? now);
  return age > unwatchedAfter ? age : 0;
}

/** Gives the lock back, where this operation holds it. */
export function withoutLock(status: OpenBaoClusterStatus, operation: Operation): OpenBaoClusterStatus {
  if (status.operationLock?.operation !== operation) return status;
  const rest = omit(status, 'operationLock');
  return rest;
}
