import { Counter, Histogram, type Registry } from 'prom-client';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { Observation } from '../../core/model/observation.ts';
import { keyOf, namesOf } from '../runtime/cache.ts';
import { clusterFamilies } from './cluster-families.ts';
import { freshGauge, showFamilies } from './families.ts';
import { raftLag } from './raft-lag.ts';
import { upgradeOutcomes, upgradeTransition } from './upgrade-transition.ts';
import { upgradePhases } from './active-upgrade.ts';

/** What the metrics are told beside the clusters that they read. */
interface ClusterMetrics {
  /** An observation was made: it says who lags. */
  readonly observed: (observation: Observation) => void;
  /** A cluster changed, for `Informer.onChange`: phases and upgrades that ended are counted. */
  readonly changed: (change: { readonly old?: KubernetesObject; readonly new?: KubernetesObject }) => void;
}

/** How long an observed lag is told, in milliseconds: a replica that no longer leads observes no more. */
const lagKeptMs = 5 * 60_000;

/** Seconds. A phase takes moments, or as long as its deadline of ten minutes; a snapshot up to half an hour. */
const phaseBuckets = [0.5, 1, 2.5, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1800];
const upgradeBuckets = [10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 3600];

/**
 * Metrics of the clusters, read from the cache at each scrape. Every replica of the controller has them, also one
 * that does not lead: rules take the maximum.
 *
 * @param clusters the OpenBaoClusters there are now, as the API server stores them
 * @param now milliseconds since the epoch
 */
export function clusterMetrics(
  registry: Registry,
  clusters: () => Iterable<KubernetesObject>,
  now: () => number = Date.now,
): ClusterMetrics {
  const lags = new Map<string, { readonly ofPods: ReadonlyMap<string, number>; readonly at: number }>();
  // The API server has held them to the CRD.
  const present = () => [...clusters()] as readonly KubernetesObject[] as readonly OpenBaoCluster[];
  showFamilies(registry, clusterFamilies, present, now);
  const lagHelp =
    'Log entries that a member is behind its leader, as last observed; by the replica that leads';
  freshGauge(registry, 'rollguard_raft_lag_entries', lagHelp, ['pod'], (one) => {
    const there = new Set(present().map(keyOf));
    for (const [key, { ofPods, at }] of lags) {
      if (!there.has(key) || now() - at > lagKeptMs) lags.delete(key);
      else for (const [pod, entries] of ofPods) one.set({ ...namesOf(key), pod }, entries);
    }
  });
  return {
    observed: (observation) =>
      void lags.set(keyOf(observation.cluster), { ofPods: raftLag(observation), at: now() }),
    changed: transitionMetrics(registry, now),
  };
}

function transitionMetrics(registry: Registry, now: () => number): ClusterMetrics['changed'] {
  const registers = [registry];
  const phases = new Histogram({
    name: 'rollguard_upgrade_phase_duration_seconds',
    help: 'Seconds that phases took, pauses included; the phases of each pod by themselves',
    labelNames: ['phase'],
    buckets: phaseBuckets,
    registers,
  });
  const upgrades = new Histogram({
    name: 'rollguard_upgrade_duration_seconds',
    help: 'Seconds that upgrades and restarts took, pauses included',
    labelNames: ['outcome'],
    buckets: upgradeBuckets,
    registers,
  });
  const holds = new Counter({
    name: 'rollguard_upgrade_holds_total',
    help: 'Times that an upgrade stopped to wait for a person',
    labelNames: ['reason'],
    registers,
  });
  for (const phase of upgradePhases) phases.zero({ phase });
  for (const outcome of upgradeOutcomes) upgrades.zero({ outcome });
  return (change) => {
    // A cluster that goes takes its upgrade along; that is no end of it.
    if (change.new === undefined) return;
    const [before, after] = [change.old, change.new] as readonly (OpenBaoCluster | undefined)[];
    const { phase, upgrade, heldFor } = upgradeTransition(before?.status, after?.status, now());
    if (phase !== undefined) phases.observe({ phase: phase.name }, phase.seconds);
    if (upgrade !== undefined) upgrades.observe({ outcome: upgrade.outcome }, upgrade.seconds);
    if (heldFor !== undefined) holds.inc({ reason: heldFor });
  };
}
