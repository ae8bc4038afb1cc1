import { defined } from '../../api/object-fields.ts';
import type { Member } from '../../core/model/observation.ts';
import { podHost } from '../../core/model/names.ts';
import type { LeaderStatus } from './answers.ts';
import type { CallOptions, OpenBaoNode } from './node.ts';

/** Tells which pod an address belongs to, such as `https://prod-0.prod.bao.svc:8200`. */
export type PodOfAddress = (address: string) => string | undefined;

/**
 * By the names that pods have in DNS behind the headless Service of a cluster, whole; a domain may follow them.
 * A pod of either half of a blue-green upgrade is one.
 */
export const podOfAddress =
  (cluster: string, namespace: string): PodOfAddress =>
  (address) => {
    const host = URL.parse(address)?.hostname ?? '';
    const [pod = ''] = host.split('.');
    const name = podHost(cluster, namespace, pod);
    return pod !== '' && (host === name || host.startsWith(`${name}.`)) ? pod : undefined;
  };

/**
 * What a member says of itself, from sys/health and sys/leader.
 *
 * @param podUID of the pod that is asked
 * @throws OpenBaoError when one of them cannot be read
 */
export async function readMember(
  node: OpenBaoNode,
  podUID: string,
  podOf: PodOfAddress,
  options?: CallOptions,
): Promise<Member> {
  // At the same time: each may hang until its deadline.
  const [health, leader] = await Promise.allSettled([node.health(options), node.leader(options)]);
  if (health.status === 'rejected') throw health.reason;
  const { initialized, sealed, standby, version, cluster_id: clusterId } = health.value;
  const member = { pod: node.pod, podUID, initialized, sealed, standby, version };
  if (!initialized || sealed) return member;
  if (leader.status === 'rejected') throw leader.reason;
  const { raft_committed_index: lastIndex, raft_applied_index: appliedIndex } = leader.value;
  const leads = leaderNamed(node.pod, leader.value, podOf);
  return {
    ...member,
    ...defined({ clusterId, leader: leads, lastIndex, appliedIndex }),
  };
}

/** An address that is no member's stays as it is: it is somebody, and matches no pod. */
function leaderNamed(pod: string, leader: LeaderStatus, podOf: PodOfAddress): string | undefined {
  const { is_self: leads = false, leader_address: api = '', leader_cluster_address: peer = '' } = leader;
  if (leads) return pod;
  if (api === '' && peer === '') return undefined;
  return podOf(api) ?? podOf(peer) ?? (api === '' ? peer : api);
}
