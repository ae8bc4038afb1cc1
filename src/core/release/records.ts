import type { ControllerRevision } from '../../api/kubernetes.ts';
import { releaseReasonAnnotation, releaseStatusAnnotation } from '../../api/labels.ts';
import type { MetadataServicesStatus } from '../../api/metadataservices.ts';
import { defined } from '../../api/object-fields.ts';
import type { ObjectEffect, Target } from '../model/effect.ts';
import { ownerReference } from '../workload/metadata.ts';
import { historyOf } from './history.ts';
import { releaseOf, type ReleaseObservation } from './observation.ts';

/**
 * The records follow the history: each says what became of its release, so that the history can be read from them,
 * and those of releases that have left it go. An orphan, left by a MetadataServices that was deleted without its
 * children, is taken in.
 */
export function recordEffects(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
): readonly ObjectEffect[] {
  const history = historyOf(status);
  return observation.revisions.flatMap(({ object }): readonly ObjectEffect[] => {
    const version = releaseOf(object);
    if (version === status.pending?.version) return [];
    const record = history.find((each) => each.version === version);
    const target = targetOf(object);
    const uid = object.metadata.uid ?? '';
    // A history that knows nothing is lost: the records are all that is left of it.
    if (record === undefined) return history.length === 0 ? [] : [{ kind: 'delete', target, uid }];
    const annotations = {
      [releaseStatusAnnotation]: record.status,
      ...defined({ [releaseReasonAnnotation]: record.reason }),
    };
    const isSaid = Object.entries(annotations).every(
      ([name, value]) => object.metadata.annotations?.[name] === value,
    );
    const isOwned = ownersOf(object).length > 0;
    if (isSaid && isOwned) return [];
    const owners = isOwned ? {} : { ownerReferences: [ownerReference(observation.resource)] };
    return [{ kind: 'patch', target, uid, patch: { metadata: { annotations, ...owners } } }];
  });
}

const ownersOf = ({ metadata }: ControllerRevision): readonly unknown[] =>
  (metadata as { readonly ownerReferences?: readonly unknown[] }).ownerReferences ?? [];

const targetOf = ({ metadata }: ControllerRevision): Target => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  namespace: metadata.namespace ?? '',
  name: metadata.name ?? '',
});
