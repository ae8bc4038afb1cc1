import type { KubernetesObject } from '../../api/kubernetes.ts';
import { accounts } from './accounts.ts';
import { configMap } from './config-map.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { withHash } from './drift.ts';
import type { WorkloadInputs } from './inputs.ts';
import { networkPolicy } from './network-policy.ts';
import { services } from './services.ts';
import { statefulSet } from './stateful-set.ts';

/**
 * All children of a cluster that are rendered, in the order to apply them: the StatefulSet comes last, because its
 * pods need the others. Secrets are not among them; they are made once or renewed.
 */
export function render(inputs: WorkloadInputs): readonly KubernetesObject[] {
  return [
    ...accounts(inputs),
    configMap(inputs),
    ...services(inputs),
    networkPolicy(inputs),
    disruptionBudget(inputs),
    statefulSet(inputs),
  ].map(withHash);
}
