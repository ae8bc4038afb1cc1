import { omit } from '../../api/object-fields.ts';
import type { Observation } from '../model/observation.ts';
import { unchanged, waiting, type Concern } from '../model/cluster-concern.ts';
import { activeMember } from '../raft/leader.ts';
import { answers } from '../model/selectors.ts';

/**
 * Keeps knowing the cluster while an OpenBaoRestore replaces its data: OpenBao's own id of it is data too, so a fresh
 * cluster becomes the one that the snapshot was taken of (docs/facts/openbao-measured.md, section 7). The record of
 * the restore goes when its lock is given back, the restart of all members is done and a leader is seen.
 */
export const decideRestored: Concern = (observation, status) => {
  const { restore, operationLock, lastRestartAt } = status;
  if (restore === undefined) return unchanged(status);
  const id = idOfLeader(observation);
  const known = id === undefined || id === status.clusterID ? status : { ...status, clusterID: id };
  const isLocked =
    operationLock?.operation === 'Restore' && operationLock.operationId === restore.operationId;
  const isRestarted = restore.restartAt === undefined || restore.restartAt === lastRestartAt;
  if (!isLocked && isRestarted && id !== undefined) {
    const rest = omit(known, 'restore');
    return unchanged(rest);
  }
  const what = isLocked
    ? 'replaces the data of this cluster'
    : 'has replaced the data; the restart of all members follows';
  return unchanged(known, waiting('Restoring', `OpenBaoRestore ${restore.name} ${what}`));
};

/** What the one member that is active says, if no other one says otherwise. */
function idOfLeader(observation: Observation): string | undefined {
  const unsealed = answers(observation).filter(({ initialized, sealed }) => initialized && !sealed);
  const ids = new Set(unsealed.flatMap(({ clusterId }) => clusterId ?? []));
  return ids.size === 1 ? activeMember(unsealed)?.clusterId : undefined;
}
