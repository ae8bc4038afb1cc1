import type { KubernetesObject } from '../../api/kubernetes.ts';
import { servicesLabel } from '../../api/labels.ts';
import type { MetadataServices } from '../../api/metadataservices.ts';
import type { ObjectEffect } from '../../core/model/effect.ts';
import { known } from '../../core/model/known.ts';
import { decideRelease } from '../../core/release/decide.ts';
import type { ReleaseSettings } from '../../core/release/decision.ts';
import type { ReleaseObservation } from '../../core/release/observation.ts';
import { isApplied } from '../../core/workload/drift.ts';
import type { applyObjectEffect } from '../../io/kubernetes/apply.ts';
import { childComparison } from '../../io/kubernetes/children.ts';
import { fencedClient } from '../../io/kubernetes/fenced-client.ts';
import type { KubernetesClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { rejectedApplies, type RejectedApplies } from '../../io/kubernetes/rejected-applies.ts';
import { observeReleases } from '../../io/release-observer.ts';
import { keyOf } from '../runtime/cache.ts';
import type { EventRecorder, ReportedEvent } from '../runtime/events.ts';
import { metadataServicesKind, type ServicesWatch } from './metadataservices-watch.ts';
import type { ControllerMetrics } from '../runtime/metrics.ts';
import { reconciler } from '../runtime/reconciler.ts';
import type { Controller } from '../runtime/run.ts';
import { statusClient } from '../runtime/status.ts';

interface MetadataServicesOptions {
  readonly client: KubernetesClient;
  readonly watch: ServicesWatch;
  readonly settings: ReleaseSettings;
  readonly apply: typeof applyObjectEffect;
  readonly concurrency: number;
  readonly events: EventRecorder;
  readonly metrics: ControllerMetrics;
  readonly logger: Logger;
}

export const metadataServicesController = 'metadataservices';

/** The controller of MetadataServices: the one loop, with what it reads, decides and does about them. */
export function servicesController(options: MetadataServicesOptions): Controller {
  const { client, watch, settings, events, logger } = options;
  const { caches } = watch;
  const children = childComparison(client, caches, isApplied, {
    label: servicesLabel,
    kind: metadataServicesKind.kind,
  });
  const refused = rejectedApplies();
  watch.services.onChange(({ key, new: current }) => {
    if (current !== undefined) return;
    children.forget(key);
    refused.forget(key);
  });
  return {
    name: metadataServicesController,
    concurrency: options.concurrency,
    sources: watch.sources,
    reconcile: reconciler({
      controller: metadataServicesController,
      resources: watch.services,
      ...statusClient<KubernetesObject>(client, metadataServicesKind),
      async observe(stored) {
        const key = keyOf(stored);
        const observation = await observeReleases(
          {
            caches,
            drifted: (desired) => children.drifted(key, desired),
            imageRepository: settings.imageRepository,
          },
          stored,
        );
        return withRefusals(observation, refused, key);
      },
      decide: (observation, { now, leaseTransitions }) =>
        decideRelease(observation, { now, leaseTransitions, settings }),
      async apply(effect, stored, fence) {
        const key = keyOf(stored);
        const object = refusableOf(effect, stored as MetadataServices);
        if (object !== undefined && refused.retryable(key, [object]).length === 0) return;
        try {
          await options.apply(fencedClient(client, fence), ofThisVersion(effect, stored));
        } catch (error) {
          if (object === undefined) throw error;
          refused.note(key, object, error);
        }
      },
      record(resource, event) {
        events.record(resource, event);
        log(logger, keyOf(resource), event);
      },
      logger,
      metrics: options.metrics,
    }),
  };
}

/** The specification, page 003, reads the operator's log: what is told there stands in the Events too. */
function log(logger: Logger, key: string, { type, reason, note }: ReportedEvent): void {
  const level = type === 'Warning' ? 'warn' : 'info';
  logger[level]({ controller: metadataServicesController, key, reason }, note);
}

/** What the API server refused a moment ago is told and left alone. */
function withRefusals(
  observation: ReleaseObservation,
  refused: RejectedApplies,
  key: string,
): ReleaseObservation {
  const { drifted, resource } = observation;
  if (drifted.kind === 'unknown') return observation;
  const request = resource.status?.rollback?.state === 'Accepted' ? [specOf(resource)] : [];
  return {
    ...observation,
    refused: refused.among(key, [...drifted.value, ...request]),
    drifted: known(refused.retryable(key, drifted.value)),
  };
}

/** What the API server may refuse without harm to the rest: a child, and spec where a rollback writes it. */
function refusableOf(effect: ObjectEffect, stored: MetadataServices): KubernetesObject | undefined {
  if (effect.kind === 'apply' || effect.kind === 'create') return effect.object;
  const isRequest = effect.kind === 'patch' && effect.target.kind === metadataServicesKind.kind;
  return isRequest && stored.status?.rollback?.state === 'Accepted' ? specOf(stored) : undefined;
}

const specOf = ({ metadata }: MetadataServices): KubernetesObject => ({
  ...metadataServicesKind,
  metadata: { name: metadata.name ?? '', namespace: metadata.namespace ?? '' },
});

/** A patch of the object itself is made of the very version that the status was written to. */
function ofThisVersion(effect: ObjectEffect, { metadata }: KubernetesObject): ObjectEffect {
  if (effect.kind !== 'patch' || effect.target.kind !== metadataServicesKind.kind) return effect;
  return { ...effect, resourceVersion: metadata?.resourceVersion ?? '' };
}
