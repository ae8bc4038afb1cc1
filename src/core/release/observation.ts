import type { ControllerRevision, Deployment, KubernetesObject, Pod, Service } from '../../api/kubernetes.ts';
import { releaseLabel, serviceComponentLabel } from '../../api/labels.ts';
import type { MetadataServices } from '../../api/metadataservices.ts';
import type { Known } from '../model/known.ts';
import type { ReleaseSnapshot } from './inputs.ts';
import { releaseNames, type ServiceComponent } from './names.ts';

/** Everything that a decision about a MetadataServices rests on. */
export interface ReleaseObservation {
  /** As it is stored. */
  readonly resource: MetadataServices;
  /** Children that are its own, or orphans that carry its label; what goes with an earlier one of its name is left out. */
  readonly deployments: readonly Deployment[];
  readonly services: readonly Service[];
  readonly revisions: readonly ObservedRevision[];
  /** Pods that carry its label. */
  readonly pods: readonly Pod[];
  /** Children that are not as the stored status wants them. */
  readonly drifted: Known<readonly KubernetesObject[]>;
  /** What the API server does not take, and why. */
  readonly refused?: readonly { readonly kind: string; readonly name: string; readonly message: string }[];
  /** Field managers, other than ourselves, that last wrote the image tags and the request to roll back. */
  readonly managers: { readonly tags?: string; readonly rollbackTo?: string };
}

/** The record of a release. */
export interface ObservedRevision {
  readonly object: ControllerRevision;
  /** Undefined where somebody has put something else there. */
  readonly snapshot: ReleaseSnapshot | undefined;
}

export const releaseOf = ({ metadata }: KubernetesObject): string | undefined =>
  metadata?.labels?.[releaseLabel];

export const componentOf = ({ metadata }: KubernetesObject): string | undefined =>
  metadata?.labels?.[serviceComponentLabel];

export const deploymentsOf = (
  { deployments }: Pick<ReleaseObservation, 'deployments'>,
  version: string,
): readonly Deployment[] => deployments.filter((each) => releaseOf(each) === version);

/** Those that are not going. */
export const podsOf = ({ pods }: Pick<ReleaseObservation, 'pods'>, version: string): readonly Pod[] =>
  pods.filter((each) => releaseOf(each) === version && each.metadata.deletionTimestamp === undefined);

export const snapshotOfRevision = (
  { revisions }: Pick<ReleaseObservation, 'revisions'>,
  version: string | undefined,
): ReleaseSnapshot | undefined =>
  revisions.find(({ object }) => version !== undefined && releaseOf(object) === version)?.snapshot;

/** The release that a Service of no color sends its traffic to. */
export function servedBy(
  { services, resource }: Pick<ReleaseObservation, 'services' | 'resource'>,
  component: ServiceComponent,
): string | undefined {
  const name = releaseNames(resource.metadata.name ?? '').neutralService(component);
  return services.find(({ metadata }) => metadata.name === name)?.spec?.selector?.[releaseLabel];
}
