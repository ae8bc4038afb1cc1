import { lastError, noLastError } from '../../model/last-error.ts';
import type { HoldReason } from '../../../api/hold-reasons.ts';
import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import type { Decision, DecisionContext } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';
import { wantedReplicas } from '../../model/selectors.ts';
import { timestamp } from '../../model/time.ts';
import { isGivenUp, withoutGivenUp } from '../rejected-target.ts';
import { handledRequests, isAsked, requestedRestart } from '../requests.ts';
import { deadlineOf } from './deadlines.ts';
import { event } from '../event.ts';
import { takeLock } from '../lock.ts';
import { patched } from '../../model/patch.ts';
import { currentTarget, sameTarget, wantedTarget } from '../target.ts';

/** Nothing is under way: starts what spec asks for, unless it is running already. */
export function decideStart(
  observation: Observation,
  status: OpenBaoClusterStatus,
  context: DecisionContext,
): Decision {
  const { cluster } = observation;
  const { spec } = cluster;
  // Status holds lock and upgrade in one write, so such a lock is nobody's.
  const idle =
    status.operationLock?.operation === 'Upgrade' ? patched(status, { operationLock: undefined }) : status;
  // What nothing waits for is handled by that: it never stays armed (docs/facts/openbao-operator.md, 1.3).
  const acknowledged = handledRequests(observation, idle, 'retry', 'promote', 'rollback', 'cleanup');
  const nothing = { status: acknowledged, effects: [], events: [] };

  const current = currentTarget(status, context.settings);
  if (current === undefined || status.initialized !== true) return { ...nothing, status: idle };
  const afterRestore = restartAfterRestore(status);
  // What a restore left in memory goes first; what spec asks for comes after it.
  const wanted = afterRestore === undefined ? wantedTarget(cluster, context.settings) : current;
  const restartAt = afterRestore ?? requestedRestart(cluster, status);
  const restarts = restartAt !== undefined;
  if (sameTarget(current, wanted) && !restarts) return { ...nothing, status: withoutLockError(acknowledged) };
  // Nor by a restart that is wanted: it would take every member to what was given up.
  if (isGivenUp(cluster, status, wanted) && !isAsked(observation, status, 'retry')) return nothing;
  if (spec.paused === true || status.breakGlass?.active === true) return { ...nothing, status: idle };
  // A member joins or leaves first: the size must be what spec says.
  const isResizing =
    status.scaling !== undefined || (status.replicas ?? wantedReplicas(cluster)) !== wantedReplicas(cluster);
  if (isResizing) return { ...nothing, requeueAt: context.now + context.settings.pollMs };

  const { newOperationId: operationId, now } = context;
  const locked = takeLock(acknowledged, operationId, now);
  if (locked.kind === 'held') {
    return {
      ...nothing,
      status: patched(acknowledged, {
        ...lastError('OperationLockHeld' satisfies HoldReason, {
          message: `an upgrade to ${wanted.version} waits: ${locked.by}`,
        }),
      }),
      requeueAt: now + context.settings.idlePollMs,
    };
  }
  const upgrade: RollingUpgrade = {
    operationId,
    fromVersion: current.version,
    targetVersion: wanted.version,
    fromImage: current.image,
    targetImage: wanted.image,
    ...defined({ restartAt }),
    startedAt: timestamp(now),
    phase: 'PreChecks',
    phaseStartedAt: timestamp(now),
    deadline: deadlineOf('PreChecks', now, context.settings),
    leadershipChanges: 0,
    stepDowns: 0,
  };
  const what = sameTarget(current, wanted)
    ? `restart of ${wantedReplicas(cluster)} members (restartAt ${restartAt})`
    : `upgrade from ${current.version} (${current.image}) to ${wanted.version} (${wanted.image})`;
  const events = [event('Normal', 'UpgradeStarted', 'Upgrade', what)];
  // The same restart serves whoever has asked for one.
  const handled = afterRestore === undefined ? undefined : spec.maintenance?.restartAt;
  return {
    status: patched(afterRestore === undefined ? withoutGivenUp(locked.status) : locked.status, {
      ...(handled === undefined
        ? {}
        : { upgradeRequests: { ...locked.status.upgradeRequests, lastHandledRestart: handled } }),
      upgrade,
      ...noLastError,
    }),
    effects: [],
    events,
    requeueAt: now,
  };
}

/** The restart that an OpenBaoRestore asks for when the data is in; undefined when none does. */
const restartAfterRestore = ({ restore, lastRestartAt }: OpenBaoClusterStatus): string | undefined =>
  restore?.restartAt === lastRestartAt ? undefined : restore?.restartAt;

/** Nothing waits for the lock any more. */
const withoutLockError = (status: OpenBaoClusterStatus): OpenBaoClusterStatus =>
  status.lastErrorReason === 'OperationLockHeld' ? patched(status, noLastError) : status;
