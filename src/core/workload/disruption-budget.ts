import type { KubernetesObject, Pod } from '../../api/kubernetes.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names } from '../model/names.ts';
import { isReplacingGreen } from '../model/blue-green.ts';
import type { Reservation } from '../model/effect.ts';
import { isReplacing } from '../model/rolling.ts';
import { isRemoving } from '../model/scaling.ts';
import { isAnyGoing, targetIn } from '../model/selectors.ts';

/**
 * One member at a time may be evicted, atomically in the API server; none while one is being replaced or removed, which
 * is done by a deletion, or in Raft, where no budget holds it up. Of any size: one member can be drained (the gate
 * judges quorum), two never go at once, and scaling needs no budget made or taken away.
 *
 * One again while that waits for a person and nothing of it is in flight (`status.evictions`): a node could not be drained
 * for as long as they sleep.
 *
 * None while the volume of a member is being deleted: it would end with the pod (L3).
 */
export function disruptionBudget(
  { cluster, claims }: Pick<WorkloadInputs, 'cluster' | 'claims'>,
  members: readonly string[],
): KubernetesObject {
  const name = names(cluster.metadata.name ?? '').podDisruptionBudget;
  const isReserved = isOneGoing(cluster.status) && cluster.status?.evictions?.allowed !== true;
  const maxUnavailable = isAnyGoing(claims, members) || isReserved ? 0 : 1;
  return child(
    cluster,
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', name },
    { spec: { maxUnavailable, selector: { matchLabels: memberSelector(cluster) } } },
  );
}

/** Whether our own hand takes a member away (docs/design.md, rule 15). */
export const isOneGoing = (status: OpenBaoClusterStatus | undefined): boolean =>
  isReplacing(status?.upgrade) || isReplacingGreen(status?.blueGreen) || isRemoving(status?.scaling);

/** What taking a member away rests on: these stay, and none of them is evicted. */
export function reservationOf(
  cluster: OpenBaoCluster,
  staying: readonly { readonly name: string; readonly pod?: Pod }[],
): Reservation {
  const { podDisruptionBudget } = names(cluster.metadata.name ?? '');
  return {
    budget: targetIn(cluster, 'policy/v1', 'PodDisruptionBudget', podDisruptionBudget),
    labels: memberSelector(cluster),
    staying: staying.map(({ name, pod }) => ({ name, uid: pod?.metadata.uid ?? '' })),
  };
}
