import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { parseVersion } from '../../core/version/version.ts';

/**
 * Where a cluster is, for whoever waits for it.
 *
 * - `settled`: it runs what its spec asks for, and is Ready
 * - `progressing`: something is under way and needs nobody
 * - `degraded`: nothing is under way, but it is not Ready
 * - `paused`: something is under way, and spec.paused keeps it from going on
 * - `held`: it goes on only after a person acted
 * - `deleting`: it is being deleted
 */
export type State = 'settled' | 'progressing' | 'degraded' | 'paused' | 'held' | 'deleting';

export function stateOf(cluster: OpenBaoCluster): State {
  if (cluster.metadata.deletionTimestamp !== undefined) return 'deleting';
  if (isHeld(cluster)) return isRetryAsked(cluster) || isUnseen(cluster) ? 'progressing' : 'held';
  if (isUnderWay(cluster))
    return cluster.spec.paused === true && !isUnseen(cluster) ? 'paused' : 'progressing';
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

/** Whether a retry was asked for that the controller has not taken up. It does not end a break glass. */
function isRetryAsked({ spec, status }: OpenBaoCluster): boolean {
  const asked = spec.upgrade?.requests?.retry;
  return (
    status?.breakGlass?.active !== true &&
    asked !== undefined &&
    asked !== status?.upgradeRequests?.lastHandledRetry
  );
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
    status?.scaling !== undefined ||
    status?.phase === 'Initializing' ||
    status?.phase === 'Upgrading' ||
    !isSameVersion(spec.version, status?.currentVersion) ||
    (spec.maintenance?.restartAt !== undefined && spec.maintenance.restartAt !== status?.lastRestartAt)
  );
}

function isSameVersion(wanted: string, current: string | undefined): boolean {
  const [a, b] = [wanted, current ?? ''].map(parseVersion);
  if (a === undefined || b === undefined || 'error' in a || 'error' in b) return wanted === current;
  return a.canonical === b.canonical;
}
