import { termAnnotation } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { Concern } from '../model/cluster-concern.ts';
import type { DecisionContext } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { unchanged } from '../model/cluster-concern.ts';
import { isRolling } from '../model/rolling.ts';
import { isStopped, targetIn } from '../model/selectors.ts';

/**
 * Whether a leader before this one may still change the StatefulSet: its apply may be on the way, of the very version
 * that this leader sees, and let the StatefulSet's controller at a pod that counts as untouched by then. Until the term
 * of this leader is seen in the StatefulSet, which is another version, nothing is decided about a roll.
 */
export function isOfEarlierTerm(
  { cluster, statefulSet }: Observation,
  status: OpenBaoClusterStatus,
  { leaseTransitions }: Pick<DecisionContext, 'leaseTransitions'>,
): boolean {
  if (!isRolling(status.upgrade?.phase) || isStopped(cluster, status)) return false;
  if (statefulSet.kind === 'unknown' || statefulSet.value === undefined) return false;
  return statefulSet.value.metadata.annotations?.[termAnnotation] !== String(leaseTransitions);
}

/** Writes the term into the StatefulSet: what an earlier leader still has on the way is refused from then on. */
export const decideTerm: Concern = (
  { cluster, statefulSet },
  status,
  { leaseTransitions, settings, now },
) => {
  const { name, uid } = statefulSet.kind === 'known' ? (statefulSet.value?.metadata ?? {}) : {};
  if (name === undefined || uid === undefined) return unchanged(status);
  const target = targetIn(cluster, 'apps/v1', 'StatefulSet', name);
  const patch = { metadata: { annotations: { [termAnnotation]: String(leaseTransitions) } } };
  return {
    ...unchanged(status),
    effects: [{ kind: 'patch', target, uid, patch }],
    requeueAt: now + settings.pollMs,
  };
};
