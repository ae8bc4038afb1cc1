import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { OpenBaoRestoreStatus } from '../../api/openbaorestore.ts';
import type { DecisionContext } from '../model/decision.ts';
import type { DecidedEvent, ObjectEffect } from '../model/effect.ts';

/** What follows from a RestoreObservation: written first, then done (docs/design.md, rule 1). */
export interface RestoreDecision {
  /** The whole next status. */
  readonly status: OpenBaoRestoreStatus;
  readonly effects: readonly RestoreEffect[];
  readonly events: readonly DecidedEvent[];
  readonly requeueAt?: number;
}

export type RestoreEffect = ObjectEffect | ClusterStatusEffect;

/**
 * Writes the status of the cluster, if it still is at the version that was observed; else nothing happens, and
 * the next pass decides anew. So lock and upgrade change in one write, and never under the cluster's own controller.
 */
export interface ClusterStatusEffect {
  readonly kind: 'writeClusterStatus';
  readonly cluster: OpenBaoCluster;
  readonly status: OpenBaoClusterStatus;
}

export type RestoreContext = Pick<DecisionContext, 'now' | 'newOperationId' | 'settings'>;
