import type { ControllerRevision, Deployment, KubernetesObject, Pod, Service } from '../../api/kubernetes.ts';
import { servicesLabel } from '../../api/labels.ts';
import type { Target } from '../../core/model/effect.ts';
import type { StreamingClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import type { ReleaseCaches } from '../../io/release-observer.ts';
import { collectionPath } from '../../io/kubernetes/resources.ts';
import { keyOf } from '../runtime/cache.ts';
import { childrenOf, group } from './children.ts';
import { informer, type Informer } from '../runtime/informer.ts';
import { source, type Source } from '../runtime/run.ts';
import { podAsRead } from '../runtime/trim.ts';

export const metadataServicesKind = {
  apiVersion: 'e6data.io/v1alpha1',
  kind: 'MetadataServices',
} as const;

/** The informers of MetadataServices and their children. */
export interface ServicesWatch {
  readonly services: Informer<KubernetesObject>;
  readonly caches: ReleaseCaches & { readonly child: (target: Target) => KubernetesObject | undefined };
  /** What brings one back to mind: itself, and each of its children. */
  readonly sources: readonly Source[];
}

/** Nothing is read before the informers run. */
export function watchServices(client: StreamingClient, logger: Logger): ServicesWatch {
  const { children, sourceOf } = childrenOf(servicesLabel, client, logger);
  const { apiVersion, kind } = metadataServicesKind;
  const services = informer<KubernetesObject>({
    client,
    path: collectionPath(apiVersion, kind),
    // Managed fields say who put something back.
    trim: (object) => object,
    logger,
  });
  const deployments = children<Deployment>('apps/v1', 'Deployment');
  const revisions = children<ControllerRevision>('apps/v1', 'ControllerRevision');
  const serving = children<Service>('v1', 'Service');
  const configMaps = children('v1', 'ConfigMap', { metadataOnly: true });
  const pods = children<Pod>('v1', 'Pod', { trim: podAsRead });
  const byKind: Readonly<Record<string, Informer<KubernetesObject>>> = {
    Deployment: deployments,
    ControllerRevision: revisions,
    Service: serving,
    ConfigMap: configMaps,
  };
  return {
    services,
    caches: {
      deployments: group(deployments),
      revisions: group(revisions),
      services: group(serving),
      pods: group(pods),
      child: (target) => byKind[target.kind]?.get(keyOf({ metadata: target })),
    },
    sources: [
      source(services, (object) => [keyOf(object)]),
      ...[deployments, revisions, serving, configMaps, pods].map((each) => sourceOf(each)),
    ],
  };
}
