import type { KubernetesObject, PodDisruptionBudget } from '../../../src/api/kubernetes.ts';
import { disruptionBudget } from '../../support/observation.ts';

/** The PodDisruptionBudget of the members, its controller, and the API server that asks it about evictions. */
export class SimulatedBudget<Id extends string | number> {
  maxUnavailable = 1;
  private generation = 1;
  private observedGeneration = 1;
  private allowed = 1;
  /** Whose eviction was let through, and whose deletion follows. */
  readonly disrupted = new Set<Id>();

  /** An apply of ours. */
  set(maxUnavailable: number): void {
    if (this.maxUnavailable === maxUnavailable) return;
    this.maxUnavailable = maxUnavailable;
    this.generation++;
  }

  /** The disruption controller looks. */
  control(healthy: number, members: number): void {
    this.observedGeneration = this.generation;
    this.allowed = Math.max(0, healthy - (members - this.maxUnavailable));
    this.disrupted.clear();
  }

  /**
   * Somebody drains a node. The API server lets it through by the numbers of its last look at the budget; the pod's
   * deletion follows a moment later.
   *
   * @returns whether it was let through
   */
  lets(pod: Id): boolean {
    if (this.disrupted.has(pod) || this.observedGeneration < this.generation || this.allowed === 0)
      return false;
    this.allowed--;
    this.disrupted.add(pod);
    return true;
  }

  asRead(name: (pod: Id) => string): PodDisruptionBudget {
    const { maxUnavailable, generation, observedGeneration } = this;
    const disrupted = [...this.disrupted].map(name);
    return disruptionBudget({ maxUnavailable, generation, observedGeneration, disrupted });
  }

  fingerprint(): readonly unknown[] {
    const isSeen = this.observedGeneration === this.generation;
    return [this.maxUnavailable, this.allowed, isSeen, [...this.disrupted]];
  }
}

/** Of a budget as it is rendered. */
export const maxUnavailableOf = (budget: KubernetesObject): number =>
  Number((budget as PodDisruptionBudget).spec?.maxUnavailable);
