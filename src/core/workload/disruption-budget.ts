import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names } from '../model/names.ts';
import { isReplacing } from '../model/rolling.ts';
import { isAnyGoing } from '../model/selectors.ts';

/**
 * One member at a time may be evicted, atomically in the API server; none while one is being replaced, which is done by
 * a deletion that no budget holds up. Of any size: one member can be drained (the gate judges quorum), two never go at
 * once, and scaling needs no budget made or taken away.
 *
 * None while the volume of a member is being deleted: it would end with the pod (L3).
 */
export function disruptionBudget(
  { cluster, claims }: Pick<WorkloadInputs, 'cluster' | 'claims'>,
  members: readonly string[],
): KubernetesObject {
  const name = names(cluster.metadata.name ?? '').podDisruptionBudget;
  const maxUnavailable = isAnyGoing(claims, members) || isReplacing(cluster.status?.upgrade) ? 0 : 1;
  return child(
    cluster,
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', name },
    { spec: { maxUnavailable, selector: { matchLabels: memberSelector(cluster) } } },
  );
}
