import type { KubernetesObject } from '../../api/kubernetes.ts';
import { accounts } from './accounts.ts';
import { configMap } from './config-map.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { withHash } from './drift.ts';
import type { SetsOfMembers } from './inputs.ts';
import { networkPolicy } from './network-policy.ts';
import { services } from './services.ts';
import { statefulSet } from './stateful-set.ts';

/**
 * All children of a cluster that are rendered, in the order to apply them: the StatefulSets come last, because
 * their pods need the others. Secrets are not among them; they are made once or renewed.
 */
export function render(cluster: SetsOfMembers): readonly KubernetesObject[] {
  const { sets, members, serving } = cluster;
  const [any] = sets;
  if (any === undefined) return [];
  return [
    ...accounts(any, members),
    configMap(sets),
    ...services(any, serving),
    networkPolicy(any),
    disruptionBudget(any, members),
    ...sets.map(statefulSet),
  ].map(withHash);
}
