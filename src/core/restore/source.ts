import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { OpenBaoRestore } from '../../api/openbaorestore.ts';
import { versionInName } from '../jobs/snapshot-name.ts';
import type { SnapshotSource } from '../jobs/step.ts';
import { isOlder, isSameVersion } from '../upgrade/target.ts';
import { parseVersion } from '../version/version.ts';
import { failure, type RestoreFailure } from './failure.ts';

/** The store that holds the snapshot. */
export const sourceOf = (
  { spec }: OpenBaoRestore,
  { spec: cluster }: OpenBaoCluster,
): SnapshotSource['target'] | undefined => spec.source ?? cluster.backup?.target;

/** What the cluster's own status says of the snapshot, when it is the one that it took last. */
const recorded = ({ spec }: OpenBaoRestore, { status }: OpenBaoCluster) => {
  const latest = status?.backup?.latestSnapshot;
  return latest?.name === spec.snapshot && spec.source === undefined ? latest : undefined;
};

/** When it was taken, as far as that was recorded. */
export const takenAt = (restore: OpenBaoRestore, cluster: OpenBaoCluster): string | undefined =>
  recorded(restore, cluster)?.takenAt;

/**
 * Which version made the snapshot: as the cluster recorded it, else as its name says, else as the person says who
 * restores it. The archive itself does not tell. What is said twice must be the same.
 */
export function snapshotVersion(
  restore: OpenBaoRestore,
  cluster: OpenBaoCluster,
): { readonly version: string } | { readonly failure: RestoreFailure } {
  const { snapshot, snapshotVersion: stated } = restore.spec;
  const known = recorded(restore, cluster)?.version ?? versionInName(snapshot);
  const version = known ?? stated;
  if (version === undefined) {
    const what = `it is unknown which OpenBao version made ${snapshot}`;
    return unknown(`${what}, and an older server must not be given newer data. ${again('that version')}`);
  }
  if (known !== undefined && stated !== undefined && !isSameVersion(known, stated)) {
    const what = `spec.snapshotVersion says ${stated}, but ${snapshot} was made by ${known}`;
    return unknown(`${what}. ${again(`${known}, or without it`)}`);
  }
  if (parseVersion(version).kind === 'unknown') {
    return unknown(`${version} is not a version. ${again('one such as 2.6.2')}`);
  }
  return { version };
}

const unknown = (message: string) => ({ failure: failure('SnapshotVersionUnknown', message) });
const again = (what: string) =>
  `Nothing was changed: create another OpenBaoRestore with spec.snapshotVersion: ${what}.`;

/** Why this cluster must not be given the snapshot; undefined when it may. */
export function whyNewer(version: string, { metadata, status }: OpenBaoCluster): RestoreFailure | undefined {
  const { currentVersion = '' } = status ?? {};
  if (!isOlder(currentVersion, version)) return undefined;
  const what = `the snapshot was made by OpenBao ${version}, and ${metadata.name} runs ${currentVersion}`;
  const remedy = `Nothing was changed: upgrade ${metadata.name} to ${version} or newer, then create another OpenBaoRestore.`;
  return failure('SnapshotNewer', `${what}: an older server must not be given newer data. ${remedy}`);
}
