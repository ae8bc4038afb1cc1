import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { apiAddress } from '../workload/configuration.ts';
import { names, ordinalOf } from '../workload/names.ts';

/** A member's pod and where its API is, under the name in its certificate. */
export interface MemberUrl {
  readonly pod: string;
  /** Such as `https://prod-0.prod.bao.svc:8200`. */
  readonly url: string;
}

/** Every pod that is or may be a member now: by ordinals, and what the leader last named. In order. */
export function memberUrls(cluster: OpenBaoCluster): readonly MemberUrl[] {
  const { metadata, spec, status } = cluster;
  const { name = '' } = metadata;
  const sizes = [spec.replicas ?? 3, status?.replicas, status?.scaling?.replicas, status?.scaling?.target];
  const size = Math.max(...sizes.map((each) => each ?? 0));
  const listed = [...(status?.raft?.voters ?? []), ...(status?.raft?.nonVoters ?? [])]
    .map((id) => ordinalOf(names(name).statefulSet, id))
    .filter((ordinal): ordinal is number => ordinal !== undefined && ordinal >= size);
  const ordinals = [...Array(size).keys(), ...new Set(listed)].toSorted((a, b) => a - b);
  return ordinals.map(names(name).pod).map((pod) => ({ pod, url: apiAddress(cluster, pod) }));
}
