import type { MetadataServicesStatus, PendingRelease, ReleaseRecord } from '../../api/metadataservices.ts';
import { defined, omit } from '../../api/object-fields.ts';
import { timestamp } from '../model/time.ts';
import { normal, warns, type ReleasePart } from './decision.ts';
import { withActive, withRecord } from './history.ts';

/** How a release ends that does not serve. */
export interface Ending {
  /**
   * Failed: it was not well. Aborted: a person took it away or asked for the way back. Replaced: spec asks for
   * something else by now.
   */
  readonly cause: 'Failed' | 'Aborted' | 'Replaced';
  readonly reason: string;
  readonly message: string;
}

const longest = 1_000;

/** The record of a release under way. */
export const recordOfPending = (
  {
    version,
    strategy,
    inputs,
    storageTag,
    schemaTag,
    startedAt,
    rollbackTo,
    rollbackReason,
    rollbackBy,
  }: PendingRelease,
  status: ReleaseRecord['status'],
): ReleaseRecord => ({
  version,
  strategy,
  storageTag,
  schemaTag,
  timestamp: startedAt,
  status,
  inputs,
  ...defined({ rollbackTo, rollbackReason, rollbackBy }),
});

/** What is said of a release under way goes; the rest of the status stays. */
export function withoutPending(status: MetadataServicesStatus): MetadataServicesStatus {
  const rest = omit(status, 'pending', 'pendingStrategy', 'pendingReleaseVersion', 'step', 'waitingFor');
  return rest;
}

/**
 * The release under way ends without having served. The one that serves is not touched; only a first release that
 * failed stays where it is, as evidence (specification, page 003, "First Deployment Failure").
 *
 * @param isRejected whether these inputs are not to be deployed again until spec changes
 * (docs/facts/metadataservices.md, T1)
 */
export function endPending(
  status: MetadataServicesStatus,
  pending: PendingRelease,
  { cause, reason, message }: Ending,
  now: number,
  isRejected: boolean = cause === 'Failed',
): ReleasePart {
  const { version, strategy, inputs } = pending;
  const text = message.slice(0, longest);
  const failed = withRecord(withoutPending(status), {
    ...recordOfPending(pending, 'Failed'),
    reason,
    message: text,
  });
  const rejected = isRejected
    ? { rejected: { inputs, version, reason, message: text, at: timestamp(now) } }
    : {};
  const hasActive = status.activeReleaseVersion !== undefined;
  const cleaning = hasActive
    ? {
        step: 'CleaningUp' as const,
        cleaning: { version, strategy, cause },
      }
    : {};
  return {
    status: { ...failed, ...rejected, ...cleaning },
    effects: [],
    events: eventsOf(pending, { cause, reason, message: text }, hasActive),
  };
}

function eventsOf(
  { version, strategy }: PendingRelease,
  { cause, reason, message }: Ending,
  hasActive: boolean,
): ReleasePart['events'] {
  if (cause !== 'Failed') {
    return [
      normal(
        cause === 'Aborted' ? 'ReleaseAborted' : 'ReleaseReplaced',
        'Abort',
        `Release ${version} (${strategy}) is aborted: ${message}`,
      ),
    ];
  }
  if (hasActive) {
    return [
      warns('ReleaseFailed', 'Deploy', `Pending strategy failed: ${reason}: ${message}`),
      warns(
        'AutomaticRollback',
        'Rollback',
        `Automatic rollback: Cleaning up failed deployment (${strategy})`,
      ),
    ];
  }
  return [
    warns('ReleaseFailed', 'Deploy', `Deployment failed: ${reason}: ${message}`),
    warns(
      'FirstReleaseFailed',
      'Deploy',
      'First deployment failed - no previous version to rollback to. Deployment phase: Failed. Waiting for manual intervention',
    ),
  ];
}

/**
 * Gives the traffic back to the release before, which is still there: at once, no new release is needed.
 *
 * @param isRejected as of `endPending`
 */
export function switchTrafficBack(
  status: MetadataServicesStatus,
  current: ReleaseRecord,
  before: ReleaseRecord,
  { cause, reason, message }: Ending,
  now: number,
  isRejected: boolean = cause === 'Failed',
): ReleasePart {
  const text = message.slice(0, longest);
  const rest = omit(status, 'watching', 'waitingFor');
  const wasGood = omit(before, 'reason', 'message');
  const active = withActive(rest, { ...wasGood, status: 'Active' });
  const rejected = {
    inputs: current.inputs ?? '',
    version: current.version,
    reason,
    message: text,
    at: timestamp(now),
  };
  return {
    status: {
      ...withRecord(active, { ...current, status: 'Failed', reason, message: text }),
      ...(isRejected ? { rejected } : {}),
      step: 'CleaningUp',
      cleaning: {
        version: current.version,
        strategy: current.strategy,
        cause,
        served: true,
      },
    },
    effects: [],
    events: [
      (cause === 'Failed' ? warns : normal)(
        cause === 'Failed' ? 'AutomaticRollback' : 'RolledBack',
        'Rollback',
        `${cause === 'Failed' ? `Active strategy failed: ${reason}: ${text}. Automatic rollback` : 'Rollback'}: traffic is switched back to ${before.strategy} (${before.version}), which is still running`,
      ),
    ],
  };
}
