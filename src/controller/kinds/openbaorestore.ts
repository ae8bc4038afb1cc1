import type { KubernetesObject } from '../../api/kubernetes.ts';
import { parseOpenBaoCluster } from '../../api/openbaocluster.ts';
import { parseOpenBaoRestore } from '../../api/openbaorestore.ts';
import type { ControllerSettings } from '../../core/model/decision.ts';
import { decideRestore } from '../../core/restore/decide.ts';
import type { RestoreEffect } from '../../core/restore/decision.ts';
import type { RestoreObservation } from '../../core/restore/observation.ts';
import { applyObjectEffect } from '../../io/kubernetes/apply.ts';
import { fencedClient, type Fence } from '../../io/kubernetes/fenced-client.ts';
import { observeJobs } from '../../io/kubernetes/made-jobs.ts';
import { isConflict, isNotFound, type StreamingClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { keyOf } from '../runtime/cache.ts';
import { systemClock } from '../runtime/clock.ts';
import { clusterKeyOf, openBaoClusterKind, openBaoRestoreKind, type ClusterWatch } from './cluster-watch.ts';
import type { EventRecorder } from '../runtime/events.ts';
import type { ControllerMetrics } from '../runtime/metrics.ts';
import { reconciler } from '../runtime/reconciler.ts';
import { restoreMetrics } from '../metrics/restore-metrics.ts';
import { source, type Controller } from '../runtime/run.ts';
import { statusClient } from '../runtime/status.ts';

export interface OpenBaoRestoreOptions {
  readonly client: StreamingClient;
  readonly watch: ClusterWatch;
  readonly settings: ControllerSettings;
  /** Stands in for the carrying out of each effect. */
  readonly apply?: ((carryOut: () => Promise<void>, effect: RestoreEffect) => Promise<void>) | undefined;
  readonly events: EventRecorder;
  readonly metrics: ControllerMetrics;
  readonly logger: Logger;
}

const name = 'openbaorestore';

/** The controller of OpenBaoRestores, on the same loop as that of their clusters. */
export function openBaoRestoreController(options: OpenBaoRestoreOptions): Controller {
  const { client, watch, settings, events, metrics, logger } = options;
  const { caches, clusters, restores } = watch;
  restoreMetrics(metrics.registry, () => restores.values());

  const carryOut = async (effect: RestoreEffect, fence: Fence): Promise<void> => {
    const acting = watch.made.noting(fencedClient(client, fence));
    if (effect.kind !== 'writeClusterStatus') return applyObjectEffect(acting, effect);
    const { writeStatus } = statusClient<KubernetesObject>(acting, openBaoClusterKind);
    try {
      clusters.observeWrite(await writeStatus(effect.cluster, effect.status, fence.signal));
    } catch (error) {
      // Its own controller was faster: the next pass sees what it wrote.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  };

  return {
    name,
    sources: [
      source(restores, (object) => [keyOf(object)]),
      // A restore waits for what its cluster says; its Jobs are looked at meanwhile.
      source(clusters, (object) => restores.inGroup(keyOf(object)).map(keyOf)),
    ],
    reconcile: reconciler({
      controller: name,
      resources: restores,
      ...statusClient<KubernetesObject>(client, openBaoRestoreKind),
      observe(stored): Promise<RestoreObservation> {
        const restore = parseOpenBaoRestore(stored);
        const { namespace = '' } = restore.metadata;
        const key = { namespace, name: restore.spec.cluster };
        const cluster = clusters.get(clusterKeyOf(stored));
        const parsed = cluster === undefined ? undefined : parseOpenBaoCluster(cluster);
        const recorded = [...(restore.status?.madeJobs ?? []), ...(parsed?.status?.madeJobs ?? [])];
        return Promise.resolve({
          restore,
          cluster: parsed,
          jobs: observeJobs(caches, key, watch.made, recorded, systemClock.now()),
        });
      },
      decide: (observation, context) => decideRestore(observation, { ...context, settings }),
      async apply(effect, _stored, fence) {
        const { apply = (carry) => carry() } = options;
        await apply(() => carryOut(effect, fence), effect);
      },
      record: events.record,
      logger,
      metrics,
    }),
  };
}
