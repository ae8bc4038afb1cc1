import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { wantedReplicas } from '../model/selectors.ts';
import { apiAddress } from '../workload/configuration.ts';
import { greenNames, liveNames } from '../model/members.ts';
import { ordinalOf } from '../model/names.ts';

/** A member's pod and where its API is, under the name in its certificate. */
interface MemberUrl {
  readonly pod: string;
  /** Such as `https://prod-0.prod.bao.svc:8200`. */
  readonly url: string;
}

/**
 * Where the members are.
 *
 * @param pods exact names; when left out, every pod that is or may be a member now
 */
export const memberUrls = (
  cluster: OpenBaoCluster,
  pods: readonly string[] = possibleMembers(cluster),
): readonly MemberUrl[] => pods.map((pod) => ({ pod, url: apiAddress(cluster, pod) }));

/** Of the set that serves: by ordinals, and what the leader last named; then those of green. In order. */
function possibleMembers(cluster: OpenBaoCluster): readonly string[] {
  const { status } = cluster;
  const { statefulSet, pod } = liveNames(cluster);
  const sizes = [
    wantedReplicas(cluster),
    status?.replicas,
    status?.scaling?.replicas,
    status?.scaling?.target,
  ];
  const size = Math.max(...sizes.map((each) => each ?? 0));
  const listed = [...(status?.raft?.voters ?? []), ...(status?.raft?.nonVoters ?? [])]
    .map((id) => ordinalOf(statefulSet, id))
    .filter((ordinal): ordinal is number => ordinal !== undefined && ordinal >= size);
  const ordinals = [...Array(size).keys(), ...new Set(listed)].toSorted((a, b) => a - b);
  const green = greenNames(cluster)?.pod;
  const greens = [...Array(green === undefined ? 0 : (status?.blueGreen?.blueReplicas ?? size)).keys()];
  return [...ordinals.map(pod), ...greens.map((ordinal) => green?.(ordinal) ?? '')];
}
