import type { MetadataServicesStatus, ReleaseRecord } from '../../api/metadataservices.ts';

/** As many releases as the specification, page 003, promises. */
const historyLength = 10;

export const historyOf = ({ releaseHistory = [] }: MetadataServicesStatus): readonly ReleaseRecord[] =>
  releaseHistory;

export const recordOf = (
  status: MetadataServicesStatus,
  version: string | undefined,
): ReleaseRecord | undefined => historyOf(status).find((each) => each.version === version);

/** It served once: it is fit to return to. */
export const isGood = ({ status }: Pick<ReleaseRecord, 'status'>): boolean => status !== 'Failed';

/** Adds a record at its place in time, or replaces the one of its name; then drops what is too much. */
export function withRecord(status: MetadataServicesStatus, record: ReleaseRecord): MetadataServicesStatus {
  const others = historyOf(status).filter(({ version }) => version !== record.version);
  const later = others.findIndex(({ timestamp }) => timestamp > record.timestamp);
  const at = later < 0 ? others.length : later;
  return { ...status, releaseHistory: [...pruned(others.toSpliced(at, 0, record))] };
}

/** The release serves from now on; the one before it has served. */
export function withActive(status: MetadataServicesStatus, record: ReleaseRecord): MetadataServicesStatus {
  const superseded = historyOf(status).map((each) =>
    each.status === 'Active' ? { ...each, status: 'Superseded' as const } : each,
  );
  return {
    ...withRecord({ ...status, releaseHistory: superseded }, { ...record, status: 'Active' }),
    activeReleaseVersion: record.version,
    activeStrategy: record.strategy,
  };
}

/**
 * The newest ten, but never without the release that serves and the newest other one that did: ten bad tags in a row
 * must not take the way back (docs/facts/metadataservices.md, T11).
 */
function pruned(history: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  const kept = [
    history.findLast(({ status }) => status === 'Active'),
    history.findLast(({ status }) => status === 'Superseded'),
  ];
  const surplus = history.length - historyLength;
  const dropped = history.filter((each) => !kept.includes(each)).slice(0, Math.max(0, surplus));
  return history.filter((each) => !dropped.includes(each));
}
