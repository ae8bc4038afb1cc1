import type { Registry } from 'prom-client';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import { restorePhases, type OpenBaoRestore } from '../../api/openbaorestore.ts';
import { conditionsFamily, oneOf, secondsSince, showFamilies, single, type Family } from './families.ts';

/** Everything that is said of each OpenBaoRestore. */
const restoreFamilies: readonly Family<OpenBaoRestore>[] = [
  {
    name: 'rollguard_restore_info',
    help: 'Always 1; the cluster whose data is replaced, and the snapshot',
    labels: ['cluster', 'snapshot'],
    samples: ({ spec: { cluster, snapshot } }) => [{ labels: { cluster, snapshot }, value: 1 }],
  },
  {
    name: 'rollguard_restore_phase',
    help: 'status.phase: 1 for the one that it is in',
    labels: ['phase'],
    samples: ({ status }) => oneOf(restorePhases, status?.phase),
  },
  conditionsFamily('rollguard_restore_condition'),
  single(
    'rollguard_restore_step_seconds',
    'Seconds that it is in its phase; no series once it has ended',
    ({ status }, now) =>
      status?.completedAt === undefined ? secondsSince(status?.phaseStartedAt, now) : undefined,
  ),
];

/**
 * Metrics of OpenBaoRestores, as of clusters (cluster-metrics.ts): every replica of the controller has them.
 *
 * @param restores those there are now, as the API server stores them
 * @param now milliseconds since the epoch
 */
export function restoreMetrics(
  registry: Registry,
  restores: () => Iterable<KubernetesObject>,
  now: () => number = Date.now,
): void {
  // The API server has held them to the CRD.
  const present = () => [...restores()] as readonly KubernetesObject[] as readonly OpenBaoRestore[];
  showFamilies(registry, restoreFamilies, present, now);
}
