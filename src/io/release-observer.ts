import type { ControllerRevision, Deployment, KubernetesObject, Pod, Service } from '../api/kubernetes.ts';
import { rollbackToAnnotation } from '../api/labels.ts';
import {
  parseMetadataServices,
  parseReleaseSnapshot,
  type MetadataServices,
} from '../api/metadataservices.ts';
import { SchemaViolation } from '../api/parse.ts';
import { defined } from '../api/object-fields.ts';
import type { ReleaseObservation } from '../core/release/observation.ts';
import { renderReleases } from '../core/release/render/render.ts';
import type { ClusterKey } from './kubernetes/admission-facts.ts';
import { fieldManager } from './kubernetes/apply.ts';
import { controllerOf } from '../core/model/controller-of.ts';
import { readKnown } from './read-known.ts';

/** What the controller's watches hold of the MetadataServices and their children. */
export interface ReleaseCaches {
  readonly deployments: (key: ClusterKey) => readonly Deployment[];
  readonly services: (key: ClusterKey) => readonly Service[];
  readonly revisions: (key: ClusterKey) => readonly ControllerRevision[];
  readonly pods: (key: ClusterKey) => readonly Pod[];
}

interface ReleaseObserver {
  readonly caches: ReleaseCaches;
  /** Which of the children are not as they should be. */
  readonly drifted: (desired: readonly KubernetesObject[]) => Promise<readonly KubernetesObject[]>;
  readonly imageRepository: string;
}

/**
 * Reads everything that a decision about a MetadataServices rests on.
 *
 * @param stored as the API server has it, with its managed fields
 * @throws SchemaViolation when it is none
 */
export async function observeReleases(
  { caches, drifted, imageRepository }: ReleaseObserver,
  stored: KubernetesObject,
): Promise<ReleaseObservation> {
  const resource = parseMetadataServices(stored);
  const { namespace = '', name = '', uid } = resource.metadata;
  const key = { namespace, name };
  /** What goes with an earlier one of its name is none of its own. */
  const isOwn = (object: KubernetesObject) => (controllerOf(object) ?? uid) === uid;
  const facts = {
    resource,
    deployments: caches.deployments(key).filter(isOwn),
    revisions: caches
      .revisions(key)
      .filter(isOwn)
      .map((object) => ({ object, snapshot: snapshotIn(object) })),
  };
  return {
    ...facts,
    services: caches.services(key).filter(isOwn),
    pods: caches.pods(key),
    drifted: await readKnown(() => drifted(renderReleases(facts, imageRepository))),
    managers: managersOf(resource),
  };
}

function snapshotIn({ data }: ControllerRevision) {
  try {
    return parseReleaseSnapshot(data);
  } catch (error) {
    if (error instanceof SchemaViolation) return undefined;
    throw error;
  }
}

interface ManagedFields {
  readonly manager?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: unknown;
}

/** Fields of spec that are none of a release's inputs: who writes them says nothing about the tags. */
const apart: ReadonlySet<string> = new Set(['f:paused', 'f:rollout', 'f:replicas']);

/** Who, other than ourselves, last wrote what releases are made from, and the request to roll back. */
export function managersOf({ metadata }: MetadataServices): ReleaseObservation['managers'] {
  const { managedFields = [] } = metadata as { readonly managedFields?: readonly ManagedFields[] };
  const others = managedFields
    .filter(({ manager, subresource }) => manager !== fieldManager && subresource === undefined)
    .toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1));
  const last = (owns: (fields: Fields) => boolean) =>
    others.findLast(({ fieldsV1 }) => owns((fieldsV1 ?? {}) as Fields))?.manager;
  const tags = last((fields) => hasInputs(fields['f:spec']));
  const rollbackTo = last((fields) => {
    const annotations = fieldsOf(fieldsOf(fields['f:metadata'])['f:annotations']);
    return `f:${rollbackToAnnotation}` in annotations;
  });
  return {
    ...defined({ tags, rollbackTo }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** Whether any leaf below is one of a release's inputs. */
const hasInputs = (value: unknown): boolean =>
  Object.entries(fieldsOf(value))
    .filter(([name]) => name !== '.' && !apart.has(name))
    .some(([, below]) => Object.keys(fieldsOf(below)).length === 0 || hasInputs(below));
