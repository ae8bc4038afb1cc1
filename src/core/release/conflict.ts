import type { MetadataServicesStatus } from '../../api/metadataservices.ts';
import { asksFor } from './inputs.ts';
import type { ReleaseObservation } from './observation.ts';

/**
 * People write with kubectl; what else writes to a MetadataServices writes again when we change it (Argo CD, Flux).
 * An unknown writer is none of a person: then it is held and said so, which a person can undo.
 */
export const isByHand = (manager: string | undefined): boolean =>
  manager !== undefined && /^kubectl($|-)/.test(manager);

/**
 * Who put back into spec what a rollback had taken out of it; undefined when nobody has, or when a person did, who
 * may roll forward (docs/facts/metadataservices.md, T5). Otherwise a rollback and the next sync would follow each
 * other for ever.
 */
export function whoFights(
  { resource, managers }: Pick<ReleaseObservation, 'resource' | 'managers'>,
  { rejected, rollback }: MetadataServicesStatus,
): string | undefined {
  if (rejected?.rolledBackTo === undefined || rollback?.state === 'Accepted') return undefined;
  if (!asksFor(resource.spec, rejected.inputs) || isByHand(managers.tags)) return undefined;
  return managers.tags ?? 'an unknown field manager';
}
