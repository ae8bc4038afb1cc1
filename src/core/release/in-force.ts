import type { MetadataServices, MetadataServicesStatus, Strategy } from '../../api/metadataservices.ts';
import { recordOf } from './history.ts';
import { asksFor, inputsHash, snapshotOf, type ReleaseSnapshot } from './inputs.ts';
import { snapshotOfRevision, type ReleaseObservation } from './observation.ts';

type Facts = Pick<ReleaseObservation, 'revisions'> & { readonly resource: MetadataServices };

/** A release that has children now. */
export interface ReleaseInForce {
  readonly version: string;
  readonly strategy: Strategy;
  readonly snapshot: ReleaseSnapshot;
  /** The release that it repeats. */
  readonly rollbackTo?: string | undefined;
}

/**
 * All that a release is made from: as it was recorded; of one that repeats another, as that was recorded, so that
 * what ran comes back even where a default has changed; else from spec, while that still asks for it.
 */
export function snapshotFor(
  facts: Facts,
  release: { readonly version: string; readonly inputs?: string; readonly rollbackTo?: string },
  defaultRepository: string,
): ReleaseSnapshot | undefined {
  const recorded = snapshotOfRevision(facts, release.version);
  if (recorded !== undefined) return recorded;
  const repeated = snapshotOfRevision(facts, release.rollbackTo);
  if (repeated !== undefined && inputsHash(repeated.inputs) === release.inputs) return repeated;
  const { spec } = facts.resource;
  return asksFor(spec, release.inputs) ? snapshotOf(spec, defaultRepository) : undefined;
}

/** The release that serves; undefined when there is none, or when what it was made from is lost. */
export function activeRelease(
  facts: Facts,
  status: MetadataServicesStatus,
  defaultRepository: string,
): ReleaseInForce | undefined {
  const record = recordOf(status, status.activeReleaseVersion);
  if (record === undefined) return undefined;
  const snapshot = snapshotFor(facts, record, defaultRepository);
  return snapshot && { ...record, snapshot };
}

/** The release under way, until it serves. */
export function pendingRelease(
  facts: Facts,
  { pending }: MetadataServicesStatus,
  defaultRepository: string,
): ReleaseInForce | undefined {
  if (pending === undefined) return undefined;
  const snapshot = snapshotFor(facts, pending, defaultRepository);
  return snapshot && { ...pending, snapshot };
}
