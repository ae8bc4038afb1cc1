import type { KubernetesObject } from '../../../api/kubernetes.ts';
import {
  appLabel,
  releaseLabel,
  serviceComponentLabel,
  servicesLabel,
  strategyLabel,
} from '../../../api/labels.ts';
import type { MetadataServices } from '../../../api/metadataservices.ts';
import { ownerReference } from '../../workload/metadata.ts';
import { managedBy } from '../../model/names.ts';
import type { ReleaseInForce } from '../in-force.ts';
import type { ServiceComponent } from '../names.ts';

/** Labels of everything that belongs to a MetadataServices. */
export const labelsOf = ({ metadata }: MetadataServices): Readonly<Record<string, string>> => ({
  [servicesLabel]: metadata.name ?? '',
  [appLabel]: metadata.name ?? '',
  'app.kubernetes.io/managed-by': managedBy,
});

/** Selects the pods of one color. Selectors of Deployments cannot be changed, so no release is named. */
export const colorSelector = (
  { metadata }: MetadataServices,
  component: ServiceComponent,
  { strategy }: Pick<ReleaseInForce, 'strategy'>,
): Readonly<Record<string, string>> => ({
  [servicesLabel]: metadata.name ?? '',
  [serviceComponentLabel]: component,
  [strategyLabel]: strategy,
});

/** Labels of what belongs to one component of a release. */
export const releaseLabels = (
  resource: MetadataServices,
  component: ServiceComponent,
  release: Pick<ReleaseInForce, 'strategy' | 'version'>,
): Readonly<Record<string, string>> => ({
  ...labelsOf(resource),
  ...colorSelector(resource, component, release),
  [releaseLabel]: release.version,
});

/** An object in the namespace that goes with the MetadataServices. */
export function child(
  resource: MetadataServices,
  { apiVersion, kind, name }: { readonly apiVersion: string; readonly kind: string; readonly name: string },
  labels: Readonly<Record<string, string>>,
  body: object,
): KubernetesObject {
  const metadata = {
    name,
    namespace: resource.metadata.namespace ?? '',
    labels,
    ownerReferences: [ownerReference(resource)],
  };
  return { apiVersion, kind, metadata, ...body };
}
