import { termAnnotation } from '../../api/labels.ts';
import type { StatefulSet } from '../../api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
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
  observation: Observation,
  status: OpenBaoClusterStatus,
  { leaseTransitions }: Pick<DecisionContext, 'leaseTransitions'>,
): boolean {
  const rolled = rolledSet(observation, status);
  if (rolled === undefined || isStopped(observation.cluster, status)) return false;
  return rolled.metadata.annotations?.[termAnnotation] !== String(leaseTransitions);
}

/** The StatefulSet whose pods are made anew one after the other: of the members that serve, or of green in place. */
function rolledSet(
  { statefulSet, greenStatefulSet }: Observation,
  status: OpenBaoClusterStatus,
): StatefulSet | undefined {
  const isGreens = activeBlueGreen(status)?.phase === 'UpgradingGreen';
  const set = isGreens ? greenStatefulSet : isRolling(status.upgrade?.phase) ? statefulSet : undefined;
  return set?.kind === 'known' ? set.value : undefined;
}

/** Writes the term into the StatefulSet: what an earlier leader still has on the way is refused from then on. */
export const decideTerm: Concern = (observation, status, { leaseTransitions, settings, now }) => {
  const { name, uid } = rolledSet(observation, status)?.metadata ?? {};
  if (name === undefined || uid === undefined) return unchanged(status);
  const target = targetIn(observation.cluster, 'apps/v1', 'StatefulSet', name);
  const patch = { metadata: { annotations: { [termAnnotation]: String(leaseTransitions) } } };
  return {
    ...unchanged(status),
    effects: [{ kind: 'patch', target, uid, patch }],
    requeueAt: now + settings.pollMs,
  };
};
