import type { Effect } from '../model/decision.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { isPaused, targetIn } from '../model/selectors.ts';
import { isClaimable, unclaimed } from '../workload/metadata.ts';

/**
 * What an earlier Rollguard made without an owner, volumes and unseal key, gets what it makes by now: no label by
 * which Argo CD would prune it, and on the key the finalizer. Volumes of earlier members too; a claim with the
 * cluster's label that somebody else made keeps its own.
 */
export const decideOwnerless: Concern = ({ cluster, claims, secrets }, status) => {
  if (isPaused(cluster)) return unchanged(status);
  const volumes = claims.kind === 'known' ? claims.value : [];
  const { unsealKeyUnkept, unsealKeyUID } =
    secrets.kind === 'known' ? secrets.value : { unsealKeyUnkept: undefined, unsealKeyUID: undefined };
  const key: readonly Effect[] =
    unsealKeyUnkept === true && unsealKeyUID !== undefined
      ? [{ kind: 'keepUnsealKey', uid: unsealKeyUID }]
      : [];
  const effects = volumes.flatMap(({ metadata }): readonly Effect[] => {
    const { name, uid, labels } = metadata;
    if (name === undefined || uid === undefined || !isClaimable(cluster, labels)) return [];
    const target = targetIn(cluster, 'v1', 'PersistentVolumeClaim', name);
    return [{ kind: 'patch', target, uid, patch: unclaimed }];
  });
  return { ...unchanged(status), effects: [...key, ...effects] };
};
