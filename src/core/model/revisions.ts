import type { PersistentVolumeClaim } from '../../api/kubernetes.ts';
import { clusterLabel } from '../../api/labels.ts';
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

/** The names of all claims of members, as an extended regular expression for `grep -E`. */
export const claimsPattern = (cluster: string): string =>
  `data-${cluster}-(${laterRevision.source.slice(1, -1)}-)?[0-9]+`;

/** As another operator of these kinds makes them (docs/facts/openbao-operator.md, section 3). */
const foreignRevision = /^[0-9a-f]{16}$/;

/** The cluster whose member has, or would be given, a claim of this name; undefined for any other name. */
export function clusterOfClaim(claim: string): string | undefined {
  const end = claim.lastIndexOf('-');
  const set = claim.startsWith('data-') ? claim.slice('data-'.length, end) : '';
  if (set === '' || ordinalOf(set, claim.slice('data-'.length)) === undefined) return undefined;
  const dash = set.lastIndexOf('-');
  const ending = set.slice(dash + 1);
  return dash > 0 && (laterRevision.test(ending) || foreignRevision.test(ending)) ? set.slice(0, dash) : set;
}

/**
 * The claims that members of this cluster have or would be given, by exact names: whoever may write a claim can take
 * its label off, or put it on another one. Only another operator's names are believed with the label alone.
 */
export const claimsOfMembers = <Claim extends Partial<PersistentVolumeClaim>>(
  cluster: string,
  claims: readonly Claim[],
): readonly Claim[] =>
  claims.filter(({ metadata: { name = '', labels } = {} }) => {
    if (revisionOfClaim({ metadata: { name: cluster } }, name) !== undefined) return true;
    const revision = name.slice(`data-${cluster}-`.length, name.lastIndexOf('-'));
    const isForeign = name.startsWith(`data-${cluster}-${revision}-`) && foreignRevision.test(revision);
    return isForeign && labels?.[clusterLabel] === cluster;
  });
