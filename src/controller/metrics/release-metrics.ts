import { Counter, Histogram, type Registry } from 'prom-client';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { MetadataServices } from '../../api/metadataservices.ts';
import { namesOf, type Change } from '../runtime/cache.ts';
import { showFamilies } from './families.ts';
import { releaseFamilies } from './release-families.ts';
import { releaseEnds } from './release-transition.ts';

/** Seconds. The windows alone take four minutes. */
const releaseBuckets = [5, 15, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1800, 3600];

/**
 * Metrics of MetadataServices, as of clusters (cluster-metrics.ts): every replica of the controller has them.
 *
 * @param services those there are now, as the API server stores them
 * @param now milliseconds since the epoch
 * @returns what is told of changes, for `Informer.onChange`
 */
export function releaseMetrics(
  registry: Registry,
  services: () => Iterable<KubernetesObject>,
  now: () => number = Date.now,
): (change: Change<KubernetesObject>) => void {
  const registers = [registry];
  // The API server has held them to the CRD.
  const present = () => [...services()] as readonly KubernetesObject[] as readonly MetadataServices[];
  showFamilies(registry, releaseFamilies, present, now);
  const ends = new Counter({
    name: 'rollguard_release_ends_total',
    help: 'Releases that ended: succeeded, failed, aborted',
    labelNames: ['namespace', 'name', 'outcome'],
    registers,
  });
  const rollbacks = new Counter({
    name: 'rollguard_release_rollbacks_total',
    help: 'Rollbacks, by what asked for them (automatic, manual) and why',
    labelNames: ['namespace', 'name', 'trigger', 'reason'],
    registers,
  });
  const durations = new Histogram({
    name: 'rollguard_release_duration_seconds',
    help: 'Seconds from the beginning of a release to the traffic, or to its failure',
    labelNames: ['outcome'],
    buckets: releaseBuckets,
    registers,
  });
  for (const outcome of ['succeeded', 'failed', 'aborted']) durations.zero({ outcome });
  return ({ key, old, new: current }) => {
    const of = namesOf(key);
    const [before, after] = [old, current] as readonly (MetadataServices | undefined)[];
    if (after === undefined || before === undefined) return;
    for (const { outcome, seconds, rollback } of releaseEnds(before.status, after.status, now())) {
      ends.inc({ ...of, outcome });
      durations.observe({ outcome }, seconds);
      if (rollback !== undefined) rollbacks.inc({ ...of, ...rollback });
    }
  };
}
