import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { awaitedRequest } from '../../core/upgrade/bluegreen/awaited.ts';
import { activeBlueGreen } from '../../core/model/blue-green.ts';
import { isAsked, type Request } from '../../core/upgrade/requests.ts';
import { requestedRestart } from '../../core/upgrade/requests.ts';
import { parseVersion } from '../../core/version/version.ts';

/**
 * Where a cluster is, for whoever waits for it.
 *
 * - `settled`: it runs what its spec asks for, and is Ready
 * - `progressing`: something is under way and needs nobody
 * - `degraded`: nothing is under way, but it is not Ready
 * - `paused`: something is under way, and spec.paused keeps it from going on
 * - `awaiting`: all is well, and it goes on only after a person said so, as spec asks for
 * - `held`: something went wrong, and it goes on only after a person acted
 * - `deleting`: it is being deleted
 */
export type State = 'settled' | 'progressing' | 'degraded' | 'paused' | 'awaiting' | 'held' | 'deleting';

export function stateOf(cluster: OpenBaoCluster): State {
  if (cluster.metadata.deletionTimestamp !== undefined) return 'deleting';
  const isTakenUp = pendingRequest(cluster) === undefined && !isUnseen(cluster);
  if (isHeld(cluster)) return isTakenUp ? 'held' : 'progressing';
  if (isUnderWay(cluster)) {
    if (cluster.spec.paused === true && !isUnseen(cluster)) return 'paused';
    return isTakenUp && isAwaiting(cluster) ? 'awaiting' : 'progressing';
  }
  const ready =
    condition(cluster, 'Ready')?.status ?? (cluster.status?.phase === 'Failed' ? 'False' : 'True');
  return ready === 'True' ? 'settled' : 'degraded';
}

export const condition = ({ status }: OpenBaoCluster, type: string) =>
  status?.conditions?.find((each) => each.type === type);

/** Whether the status says that nothing goes on without a person; a retry may have been asked for since. */
export function isHeld(cluster: OpenBaoCluster): boolean {
  const { status } = cluster;
  const stalled = condition(cluster, 'Stalled');
  return (
    status?.breakGlass?.active === true ||
    status?.upgrade?.held === true ||
    status?.blueGreen?.held === true ||
    status?.scaling?.held === true ||
    // Failed may also be a loss of quorum that passes. Another operator may not have the condition.
    (stalled === undefined ? status?.phase === 'Failed' : stalled.status === 'True')
  );
}

/**
 * Whether it serves nobody, as far as the status knows. One that comes up for the first time is not down, and
 * of one that was told to go on the status speaks of before.
 */
export function isDown(cluster: OpenBaoCluster): boolean {
  const state = stateOf(cluster);
  if (state === 'deleting' || isUnseen(cluster) || (isHeld(cluster) && state === 'progressing')) return false;
  const available = condition(cluster, 'Available');
  return (
    cluster.status?.phase === 'Failed' ||
    (available?.status === 'False' && available.reason !== 'NotInitialized')
  );
}

/** Whether nothing goes on without a person. */
export const needsPerson = (state: State): boolean => state === 'held' || state === 'awaiting';

/** What may be asked for of a blue-green upgrade under way. */
const requests: readonly Request[] = ['rollback', 'promote', 'cleanup', 'retry'];

/** What was asked for that the controller has not taken up. Nothing but its nonce ends a break glass. */
export function pendingRequest(cluster: OpenBaoCluster): Request | undefined {
  const { status = {} } = cluster;
  if (status.breakGlass?.active === true) return undefined;
  const asked: readonly Request[] = activeBlueGreen(status) === undefined ? ['retry'] : requests;
  return asked.find((request) => isAsked({ cluster }, status, request));
}

/** Whether a blue-green upgrade waits for a request, as spec lets it. */
function isAwaiting({ status }: OpenBaoCluster): boolean {
  const blueGreen = activeBlueGreen(status);
  return blueGreen !== undefined && awaitedRequest(blueGreen) !== undefined;
}

/** Whether the status speaks of an older spec, or there is none. Another operator's may not say of which it speaks. */
export function isUnseen({ metadata, status }: OpenBaoCluster): boolean {
  if (status === undefined) return true;
  const { generation } = metadata;
  const { observedGeneration } = status;
  return generation !== undefined && observedGeneration !== undefined && observedGeneration < generation;
}

function isUnderWay(cluster: OpenBaoCluster): boolean {
  const { spec, status } = cluster;
  const reconciling = condition(cluster, 'Reconciling');
  return (
    isUnseen(cluster) ||
    reconciling?.status === 'True' ||
    reconciling?.reason === 'Paused' ||
    status?.upgrade !== undefined ||
    activeBlueGreen(status) !== undefined ||
    status?.scaling !== undefined ||
    status?.phase === 'Initializing' ||
    status?.phase === 'Upgrading' ||
    !isSameVersion(spec.version, status?.currentVersion) ||
    requestedRestart(cluster, status ?? {}) !== undefined
  );
}

function isSameVersion(wanted: string, current: string | undefined): boolean {
  const [a, b] = [parseVersion(wanted), parseVersion(current ?? '')];
  if (a.kind === 'unknown' || b.kind === 'unknown') return wanted === current;
  return a.value.canonical === b.value.canonical;
}
