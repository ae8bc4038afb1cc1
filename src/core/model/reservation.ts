import type { Pod, PodDisruptionBudget } from '../../api/kubernetes.ts';
import type { Known } from './known.ts';
import type { Reservation } from './effect.ts';
import { isReady } from './selectors.ts';

/** Why a member could still be evicted, or is about to be; undefined when none can be any more. */
export function whyEvictable(budget: Known<PodDisruptionBudget | undefined>): string | undefined {
  if (budget.kind === 'unknown') return `the PodDisruptionBudget could not be read: ${budget.cause}`;
  const { metadata, spec, status } = budget.value ?? {};
  if (metadata === undefined) return 'there is no PodDisruptionBudget';
  if (spec?.maxUnavailable !== 0) return 'the PodDisruptionBudget still lets a member be evicted';
  // Until then each eviction is judged by the numbers of before, and refused.
  if ((status?.observedGeneration ?? -1) < (metadata.generation ?? 0))
    return 'Kubernetes has not seen the newest PodDisruptionBudget yet';
  const [evicted] = Object.keys(status?.disruptedPods ?? {});
  return evicted === undefined ? undefined : `the eviction of ${evicted} was let through before`;
}

/** Why the member must not be taken down after all; undefined when everything is as it was decided on. */
export function whyNotKept(
  { staying }: Reservation,
  budget: PodDisruptionBudget | undefined,
  pods: readonly Pod[],
): string | undefined {
  const evictable = whyEvictable({ kind: 'known', value: budget });
  if (evictable !== undefined) return evictable;
  const gone = staying.find(({ name, uid }) => {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    return pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined || !isReady(pod);
  });
  return gone === undefined ? undefined : `${gone.name} is not as it was a moment ago`;
}
