import type { KubernetesObject } from '../../../api/kubernetes.ts';
import { releaseLabel, strategyLabel } from '../../../api/labels.ts';
import type { MetadataServices } from '../../../api/metadataservices.ts';
import { parseTimestamp } from '../../model/time.ts';
import type { ReleaseInForce } from '../in-force.ts';
import { releaseNames } from '../names.ts';
import { child, labelsOf } from './metadata.ts';

/** Annotation on the record of a release: the one that it repeats. */
export const repeatsAnnotation = 'rollguard.io/repeats';

/** The record of all that a release is made from, which nobody can change: the way back does not depend on status. */
export function revision(
  resource: MetadataServices,
  release: ReleaseInForce,
  startedAt: string | undefined,
): KubernetesObject {
  const { version, strategy, snapshot, rollbackTo } = release;
  const made = child(
    resource,
    {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      name: releaseNames(resource.metadata.name ?? '').revision(version),
    },
    { ...labelsOf(resource), [releaseLabel]: version, [strategyLabel]: strategy },
    { data: snapshot, revision: Math.floor((parseTimestamp(startedAt) ?? 0) / 1000) },
  );
  if (rollbackTo === undefined) return made;
  return { ...made, metadata: { ...made.metadata, annotations: { [repeatsAnnotation]: rollbackTo } } };
}
