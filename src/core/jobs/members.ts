import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { names, ordinalOf, podHost, ports } from '../workload/names.ts';

/** A member's pod and where its API is, under the name in its certificate. */
export interface MemberUrl {
  readonly pod: string;
  /** Such as `https://prod-0.prod.bao.svc:8200`. */
  readonly url: string;
}

/** Every pod that is or may be a member now: by ordinals, and what the leader last named. In order. */
export function memberUrls({ metadata, spec, status }: OpenBaoCluster): readonly MemberUrl[] {
  const { name = '', namespace = '' } = metadata;
  const size = Math.max(spec.replicas ?? 3, status?.scaling?.replicas ?? 0, status?.scaling?.target ?? 0);
  const listed = [...(status?.raft?.voters ?? []), ...(status?.raft?.nonVoters ?? [])]
    .map((id) => ordinalOf(names(name).statefulSet, id))
    .filter((ordinal): ordinal is number => ordinal !== undefined && ordinal >= size);
  const ordinals = [...Array(size).keys(), ...new Set(listed)].toSorted((a, b) => a - b);
  const scheme = spec.tls?.enabled === false ? 'http' : 'https';
  return ordinals.map(names(name).pod).map((pod) => ({
    pod,
    url: `${scheme}://${podHost(name, namespace, pod)}:${ports.api}`,
  }));
}
