import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { withLock, withoutLock } from '../model/operation-lock.ts';
import { wantedReplicas } from '../model/selectors.ts';
import { dropped, isUntouched } from '../upgrade/rolling/retarget.ts';
import { patched } from '../model/patch.ts';
import type { ClusterStatusEffect } from './decision.ts';

/** Which restore it is, as the cluster's status names it. */
interface Identity {
  readonly name: string;
  readonly operationId: string;
}

/** Whether the cluster is locked for this very restore. */
export const isLockedFor = ({ status }: OpenBaoCluster, operationId: string): boolean =>
  status?.operationLock?.operation === 'Restore' && status.operationLock.operationId === operationId;

/**
 * Takes the lock, also from an upgrade that has stopped: it does nothing without the lock, and stays where it is.
 * The caller has asked `whyNotLock`.
 */
export function locked(cluster: OpenBaoCluster, restore: Identity, now: number): ClusterStatusEffect {
  const { operationId, name } = restore;
  const free = withoutLock(cluster.status ?? {}, 'Upgrade');
  const taken = withLock(free, 'Restore', operationId, now) ?? free;
  const { operationLock } = taken;
  return write(cluster, {
    ...taken,
    ...(operationLock === undefined
      ? {}
      : { operationLock: { ...operationLock, holder: `openbaorestore/${name}`.slice(0, 253) } }),
    restore: { name, operationId },
  });
}

/**
 * Gives the lock to the restart of all members, which the cluster's own controller carries out as it does any
 * other (`decideStart`). An upgrade that has touched nothing is dropped, so that the restart comes first; it then
 * starts anew by itself. One that has touched a pod stays: its pods cannot go back, and the restart waits for its
 * end.
 */
export function restarting(
  cluster: OpenBaoCluster,
  { name, operationId }: Identity,
  restartAt: string,
): ClusterStatusEffect {
  const status = withoutLock(cluster.status ?? {}, 'Restore');
  const { upgrade } = status;
  const replicas = status.replicas ?? wantedReplicas(cluster);
  const rest = upgrade !== undefined && isUntouched(upgrade, replicas) ? dropped(status) : status;
  return write(cluster, { ...rest, restore: { name, operationId, restartAt } });
}

/**
 * Gives the lock back. Whether the record of the restore goes too, the cluster's own controller decides: after
 * data was replaced, it first has to know the cluster again.
 */
export function released(cluster: OpenBaoCluster, changed: boolean): ClusterStatusEffect {
  const status = withoutLock(cluster.status ?? {}, 'Restore');
  return write(cluster, changed ? status : patched(status, { restore: undefined }));
}

const write = (cluster: OpenBaoCluster, status: OpenBaoClusterStatus): ClusterStatusEffect => ({
  kind: 'writeClusterStatus',
  cluster,
  status,
});
