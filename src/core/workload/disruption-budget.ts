import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names } from '../model/names.ts';

/**
 * One member at a time may be evicted, atomically in the API server. Of any size: one member can be drained
 * (the gate judges quorum), two never go at once, and scaling needs no budget made or taken away.
 */
export function disruptionBudget({ cluster }: Pick<WorkloadInputs, 'cluster'>): KubernetesObject {
  const name = names(cluster.metadata.name ?? '').podDisruptionBudget;
  return child(
    cluster,
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', name },
    { spec: { maxUnavailable: 1, selector: { matchLabels: memberSelector(cluster) } } },
  );
}
