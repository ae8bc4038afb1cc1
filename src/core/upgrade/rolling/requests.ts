import { isRolling } from '../../model/rolling.ts';
import { noLastError } from '../../model/last-error.ts';
import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import type { ClusterEvent, DecisionContext } from '../../model/decision.ts';
import { isReady } from '../../model/selectors.ts';
import type { Peer, Peers } from '../../raft/peers.ts';
import { timestamp } from '../../model/time.ts';
import { deadlineOf } from './deadlines.ts';
import { event } from '../event.ts';
import { handledRequests } from '../requests.ts';
import { takeLock } from '../lock.ts';
import { type PhaseInput, type PhaseName, type UpgradePatch } from './phase.ts';
import { askedTarget } from './retarget.ts';
import { isUnread } from '../unread.ts';
import { patched } from '../../model/patch.ts';

/**
 * Tries a held upgrade again: a new attempt with new Job names and new deadlines, so that no Job of before is taken
 * for one of now (docs/facts/openbao-operator.md, 7.1, 6 and 12). What has been reached stays.
 */
export function tryAgain(input: PhaseInput): {
  readonly status: OpenBaoClusterStatus;
  readonly events: readonly ClusterEvent[];
} {
  const { observation, status, upgrade, peers, context } = input;
  const { newOperationId: operationId, now } = context;
  const locked = takeLock(status, operationId, now);
  if (locked.kind === 'held') {
    const upgraded = patched(upgrade, { waitingFor: locked.by });
    return { status: patched(status, { upgrade: upgraded }), events: [] };
  }
  const phase = phaseOfRetry(upgrade, peers);
  const next = patched(upgrade, {
    operationId,
    held: undefined,
    waitingFor: undefined,
    phase,
    phaseStartedAt: timestamp(now),
    deadline: deadlineOf(phase, now, context.settings),
    stepDown: undefined,
    retarget: askedTarget(input),
    referenceIndex: undefined,
    ...workOfRetry(phase, upgrade, peers, context),
  });
  const handled = handledRequests(observation, locked.status, 'retry');
  return {
    status: patched(handled, { upgrade: next, ...noLastError }),
    events: [event('Normal', 'UpgradeRetried', 'Retry', `continues in phase ${phase}`)],
  };
}

/** Whether a pod is up, and says so to us too. */
const isReadable = (peer: Peer | undefined): boolean =>
  peer?.pod !== undefined && isReady(peer.pod) && !isUnread(peer);

/**
 * Before anything was touched all checks run again; a replaced pod that is not up, or could not be understood, is
 * replaced once more.
 */
function phaseOfRetry({ phase = 'PreChecks', catchUp }: RollingUpgrade, peers: Peers): PhaseName {
  if (!isRolling(phase)) return 'PreChecks';
  const [entry] = catchUp ?? [];
  const peer = entry === undefined ? undefined : peers.expected[entry.ordinal];
  return phase === 'CatchingUp' && entry !== undefined && !isReadable(peer) ? 'Replacing' : phase;
}

/** In Replacing, a pod that is not up, or not understood, is one of before: it is deleted as soon as that is safe. */
function workOfRetry(
  phase: PhaseName,
  { currentPartition, replacing, catchUp }: RollingUpgrade,
  peers: Peers,
  { now, settings }: DecisionContext,
): UpgradePatch {
  if (phase !== 'Replacing') {
    return {
      catchUp: catchUp?.map((entry) => ({
        ...patched(entry, { index: undefined }),
        deadline: deadlineOf('CatchingUp', now, settings),
      })),
    };
  }
  const ordinal = currentPartition ?? 0;
  const peer = peers.expected[ordinal];
  const uid = peer?.pod === undefined || isReadable(peer) ? replacing?.oldPodUID : peer.pod.metadata.uid;
  return { catchUp: undefined, replacing: { ordinal, ...defined({ oldPodUID: uid }) } };
}
