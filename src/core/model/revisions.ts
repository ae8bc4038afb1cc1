import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { initialRevision, names, ordinalOf, setName } from './names.ts';

/** As upgrade/bluegreen/revision.ts makes them. */
const laterRevision = /^r[0-9a-f]{10}$/;

type Named = Pick<OpenBaoCluster, 'metadata'>;

/**
 * The revision whose StatefulSet has this name, by exact names (docs/design.md, rule 4). Undefined where it is no name
 * that Rollguard gives a set of this cluster.
 */
export function revisionOfSet({ metadata: { name: cluster = '' } }: Named, set: string): string | undefined {
  if (set === names(cluster).statefulSet) return initialRevision;
  const revision = set.startsWith(`${cluster}-`) ? set.slice(cluster.length + 1) : '';
  return laterRevision.test(revision) ? revision : undefined;
}

/** The revision of the member whose pod has this name. */
export function revisionOfPod(cluster: Named, pod: string): string | undefined {
  const end = pod.lastIndexOf('-');
  const revision = end < 0 ? undefined : revisionOfSet(cluster, pod.slice(0, end));
  const set = revision === undefined ? undefined : setName(cluster.metadata.name ?? '', revision);
  return set === undefined || ordinalOf(set, pod) === undefined ? undefined : revision;
}

/** The revision of the member whose volume this claim is. */
export const revisionOfClaim = (cluster: Named, claim: string): string | undefined =>
  claim.startsWith('data-') ? revisionOfPod(cluster, claim.slice('data-'.length)) : undefined;
