import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { initialRevision, names, ordinalOf, setName } from './names.ts';

/** The revision that serves: blue while a blue-green upgrade is under way, else the only one. */
export const liveRevision = (status: OpenBaoClusterStatus | undefined): string =>
  status?.blueGreen?.blueRevision ?? initialRevision;

/** The revision that is to take over; undefined when there is none. */
export const greenRevision = (status: OpenBaoClusterStatus | undefined): string | undefined =>
  status?.blueGreen?.greenRevision;

type Named = Pick<OpenBaoCluster, 'metadata' | 'status'>;

/** Names of a cluster, those of its members being of the revision that serves. */
export const liveNames = ({ metadata, status }: Named) => names(metadata.name ?? '', liveRevision(status));

/** Names of the green half; undefined when there is none. */
export function greenNames({ metadata, status }: Named): ReturnType<typeof names> | undefined {
  const revision = greenRevision(status);
  return revision === undefined ? undefined : names(metadata.name ?? '', revision);
}

/** The revisions that members may be of, the one that serves first. */
const revisionsOf = (status: OpenBaoClusterStatus | undefined): readonly string[] =>
  [liveRevision(status), greenRevision(status)].filter((each) => each !== undefined);

/**
 * Whose member a pod of this name is: exact names only (docs/design.md, rule 4). Undefined when it is none of this
 * cluster.
 */
export function memberNamed(
  { metadata, status }: Named,
  pod: string,
): { readonly revision: string; readonly ordinal: number } | undefined {
  for (const revision of revisionsOf(status)) {
    const ordinal = ordinalOf(setName(metadata.name ?? '', revision), pod);
    if (ordinal !== undefined) return { revision, ordinal };
  }
  return undefined;
}

/** Orders names of pods: the half that serves first, each by its ordinals, strangers last. */
export function byMember(cluster: Named): (a: string, b: string) => number {
  const revisions = revisionsOf(cluster.status);
  const rank = (pod: string): readonly [number, number] => {
    const member = memberNamed(cluster, pod);
    return member === undefined
      ? [revisions.length, 0]
      : [revisions.indexOf(member.revision), member.ordinal];
  };
  return (a, b) => {
    const [[half, ordinal], [otherHalf, otherOrdinal]] = [rank(a), rank(b)];
    return half - otherHalf || ordinal - otherOrdinal || (a < b ? -1 : a > b ? 1 : 0);
  };
}
