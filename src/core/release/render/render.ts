import type { KubernetesObject } from '../../../api/kubernetes.ts';
import { strategyLabel } from '../../../api/labels.ts';
import { withHash } from '../../workload/drift.ts';
import { activeRelease, pendingRelease, type ReleaseInForce } from '../in-force.ts';
import { componentsOf } from '../inputs.ts';
import { deploymentsOf, releaseOf, snapshotOfRevision, type ReleaseObservation } from '../observation.ts';
import { missingComponents } from '../readiness.ts';
import { configMaps } from './configuration.ts';
import { existingDeployment, newDeployment } from './deployment.ts';
import { revision } from './revision.ts';
import { coloredServices, neutralServices } from './services.ts';

type Facts = Pick<ReleaseObservation, 'resource' | 'revisions' | 'deployments'>;

/**
 * All children that the stored status wants, in the order to make them: what a release was made from before
 * anything of it, and the Services that move the traffic last. What a status does not say yet is not rendered yet
 * (docs/design.md, rule 1).
 */
export function renderReleases(facts: Facts, defaultRepository: string): readonly KubernetesObject[] {
  const { resource } = facts;
  const { status = {} } = resource;
  const active = activeRelease(facts, status, defaultRepository);
  const pending = pendingRelease(facts, status, defaultRepository);
  const serving = active === undefined ? [] : deploymentsOf(facts, active.version);
  return [
    ...(active === undefined ? [] : lastingChildren(facts, active, serving)),
    ...(pending === undefined ? [] : pendingChildren(facts, pending, serving)),
    ...servingServices(facts, status.step === 'Switching' ? pending : active),
  ];
}

/** Of the release that serves: what somebody took away comes back. */
function lastingChildren(
  facts: Facts,
  release: ReleaseInForce,
  serving: Facts['deployments'],
): readonly KubernetesObject[] {
  const { resource } = facts;
  const missing = missingComponents(facts, release.version, release.snapshot.inputs);
  const isRecorded = snapshotOfRevision(facts, release.version) !== undefined;
  return [
    ...(isRecorded ? [] : [revision(resource, release, undefined)]),
    ...configMaps(resource, release).map(withHash),
    ...coloredServices(resource, release).map(withHash),
    ...componentsOf(release.snapshot.inputs).map((component) =>
      missing.includes(component)
        ? newDeployment(resource, release, component, serving)
        : existingDeployment(resource, release, component),
    ),
  ];
}

/**
 * Of the release under way: nothing but its record while its color is not free; and once all of its Deployments were
 * there, none is made again, for somebody took it away (specification, page 003, "Force cleanup").
 */
function pendingChildren(
  facts: Facts,
  release: ReleaseInForce,
  serving: Facts['deployments'],
): readonly KubernetesObject[] {
  const { resource } = facts;
  const { pending } = resource.status ?? {};
  const record = snapshotOfRevision(facts, release.version) === undefined;
  const before = record ? [revision(resource, release, pending?.startedAt)] : [];
  if (record || isColorTaken(facts, release)) return before;
  const missing = missingComponents(facts, release.version, release.snapshot.inputs);
  return [
    ...before,
    ...configMaps(resource, release).map(withHash),
    ...coloredServices(resource, release).map(withHash),
    ...componentsOf(release.snapshot.inputs).flatMap((component) => {
      if (!missing.includes(component)) return [existingDeployment(resource, release, component)];
      return pending?.created === true ? [] : [newDeployment(resource, release, component, serving)];
    }),
  ];
}

/** Whether another release's Deployments still have the names. */
const isColorTaken = (
  { deployments }: Pick<ReleaseObservation, 'deployments'>,
  { strategy, version }: Pick<ReleaseInForce, 'strategy' | 'version'>,
): boolean =>
  deployments.some(
    (each) => each.metadata.labels?.[strategyLabel] === strategy && releaseOf(each) !== version,
  );

const servingServices = (facts: Facts, release: ReleaseInForce | undefined) =>
  release === undefined ? [] : neutralServices(facts.resource, release).map(withHash);
