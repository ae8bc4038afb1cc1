import type { Deployment } from '../../api/kubernetes.ts';
import type { MetadataServicesStatus } from '../../api/metadataservices.ts';
import type { ObjectEffect } from '../model/effect.ts';
import { componentsOf } from './inputs.ts';
import { serviceComponents } from './names.ts';
import { servedBy, snapshotOfRevision, type ReleaseObservation } from './observation.ts';

/**
 * Whether a release has traffic, or may have: what status calls active, and what a Service of no color really
 * selects. Its Deployments are never removed.
 */
export function isServed(
  observation: ReleaseObservation,
  { activeReleaseVersion }: MetadataServicesStatus,
  version: string | undefined,
): boolean {
  if (version === undefined) return false;
  const active = snapshotOfRevision(observation, activeReleaseVersion);
  // The Service of a secondary that is no longer wanted stays behind, and counts for nothing.
  const components = active === undefined ? serviceComponents : componentsOf(active.inputs);
  return (
    version === activeReleaseVersion ||
    components.some((component) => servedBy(observation, component) === version)
  );
}

/** Removes that very Deployment; its pods go with it. */
export const deletionOf = ({ metadata }: Deployment): ObjectEffect => ({
  kind: 'delete',
  target: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
  },
  uid: metadata.uid ?? '',
});
