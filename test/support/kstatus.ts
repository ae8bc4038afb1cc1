import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import type { Condition } from '../../src/api/fields.ts';

/** An object of ours, as far as its state is told by it. */
export interface Told extends KubernetesObject {
  readonly status?:
    | {
        readonly observedGeneration?: number;
        readonly conditions?: readonly Condition[];
      }
    | undefined;
}

interface Computed {
  readonly status: 'InProgress' | 'Failed' | 'Current' | 'Terminating';
  readonly message: string;
}

/**
 * What kstatus says of an object of a kind that it does not know: Compute of pkg/kstatus/status in
 * sigs.k8s.io/cli-utils 0.37.2, which fluxcd/cli-utils 1.3.0 has too. Conditions are read in the order of the list.
 */
export function kstatusOf({ kind, metadata, status }: Told): Computed {
  if (metadata?.deletionTimestamp !== undefined)
    return { status: 'Terminating', message: 'Resource scheduled for deletion' };
  const { generation } = metadata ?? {};
  const { observedGeneration, conditions = [] } = status ?? {};
  if (generation !== undefined && observedGeneration !== undefined && observedGeneration !== generation) {
    const message = `${kind} generation is ${generation}, but latest observed generation is ${observedGeneration}`;
    return { status: 'InProgress', message };
  }
  for (const { type, status: is, message } of conditions) {
    if (type === 'Reconciling' && is === 'True') return { status: 'InProgress', message };
    if (type === 'Stalled' && is === 'True') return { status: 'Failed', message };
  }
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined) return { status: 'Current', message: 'Resource is current' };
  return ready.status === 'True'
    ? { status: 'Current', message: 'Resource is Ready' }
    : { status: 'InProgress', message: ready.message };
}

/** Whether `kubectl wait --for=condition=Ready` ends (kubectl 1.36.3, pkg/cmd/wait/condition.go). */
export function endsWait({ metadata, status }: Told): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return false;
  const seen = ready.observedGeneration ?? status?.observedGeneration;
  const isOld = seen !== undefined && seen < (metadata?.generation ?? 0);
  return !isOld && ready.status === 'True';
}
