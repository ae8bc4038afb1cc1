import type { MetadataServicesStatus, ReleaseRecord } from '../../api/metadataservices.ts';
import { historyOf, recordOf } from '../../core/release/history.ts';
import { parseTimestamp } from '../../core/model/time.ts';

/** A release that ended between two statuses, or was taken back. */
interface ReleaseEnd {
  readonly outcome: 'succeeded' | 'failed' | 'aborted';
  /** Since it began. */
  readonly seconds: number;
  /** What gave the traffic, or kept it, to another release than spec asked for. */
  readonly rollback?: { readonly trigger: 'automatic' | 'manual'; readonly reason: string };
}

/** Reasons of an end that people brought about. */
const byPeople: ReadonlySet<string> = new Set([
  'Aborted',
  'Replaced',
  'DeletedByHand',
  'RolledBack',
  'StatusLost',
]);

/** @param now milliseconds since the epoch */
export function releaseEnds(
  before: MetadataServicesStatus | undefined,
  after: MetadataServicesStatus | undefined,
  now: number,
): readonly ReleaseEnd[] {
  // What is seen for the first time has ended before.
  if (before === undefined || after === undefined) return [];
  return historyOf(after).flatMap((record) => {
    const known = recordOf(before, record.version);
    if (known?.status === record.status || record.status === 'Superseded') return [];
    // The release before, which gets the traffic back, has not ended anew.
    if (record.status === 'Active' && known !== undefined) return [];
    // A history that was rebuilt tells of the past.
    if (known === undefined && before.pending?.version !== record.version) return [];
    return [endOf(record, after, now)];
  });
}

function endOf(record: ReleaseRecord, after: MetadataServicesStatus, now: number): ReleaseEnd {
  const { status, reason = '', rollbackTo, timestamp } = record;
  const seconds = Math.max(0, (now - (parseTimestamp(timestamp) ?? now)) / 1000);
  if (status === 'Active') {
    return {
      outcome: 'succeeded',
      seconds,
      ...(rollbackTo === undefined ? {} : { rollback: { trigger: 'manual', reason: 'Requested' } }),
    };
  }
  if (!byPeople.has(reason)) {
    const kept =
      after.activeReleaseVersion === undefined ? {} : { rollback: { trigger: 'automatic' as const, reason } };
    return { outcome: 'failed', seconds, ...kept };
  }
  const isRollback = reason === 'Aborted' || reason === 'RolledBack';
  return {
    outcome: 'aborted',
    seconds,
    ...(isRollback ? { rollback: { trigger: 'manual', reason: 'Requested' } } : {}),
  };
}
