import { isReady } from '../model/selectors.ts';
import type { Peer, Peers } from './peers.ts';
import { quorum } from './quorum.ts';

/**
 * Why a peer does not count as a healthy voter, a clause such as "prod-1 is sealed"; undefined when it
 * does: its pod is Ready, it is unsealed, in this cluster, follows this leader, and the leader counts it. Ready
 * alone says nothing of Raft (docs/facts/openbao-measured.md, 0.3).
 */
export function whyUnhealthy(
  { name, pod, member, voter }: Peer,
  { leader, clusterIds }: Peers,
): string | undefined {
  if (pod === undefined) return `${name} has no pod`;
  if (pod.metadata.deletionTimestamp !== undefined) return `${name} is terminating`;
  if (!isReady(pod)) return `${name} is not Ready`;
  if (member.kind === 'unknown') return `${name} did not answer: ${member.cause}`;
  if (!member.value.initialized) return `${name} is not initialized`;
  if (member.value.sealed) return `${name} is sealed`;
  if (clusterIds.size > 1) return `the members belong to ${clusterIds.size} clusters`;
  if (leader.kind === 'unknown') return `no leader is known: ${leader.cause}`;
  if (member.value.leader !== leader.value) return `${name} does not follow ${leader.value} yet`;
  if (voter.kind === 'unknown') return `whether ${name} is a voter is not known: ${voter.cause}`;
  return voter.value ? undefined : `${name} is no voter`;
}

/**
 * Why a peer does not count as caught up; undefined when it does.
 *
 * @param index the leader's last index, taken once: against a fresh one a follower is always an entry or two behind
 *   while clients write (docs/facts/openbao-measured.md, 0.4)
 */
export function whyBehind({ name, member }: Peer, index: number | undefined): string | undefined {
  if (index === undefined) return "the leader's last index is not known yet";
  if (member.kind === 'unknown') return `${name} did not answer: ${member.cause}`;
  const { appliedIndex } = member.value;
  if (appliedIndex === undefined) return `${name} does not say what it has applied`;
  // Without what it has applied: the words stand in the status, and each change of them is a write.
  return appliedIndex >= index ? undefined : `${name} has not applied index ${index} yet`;
}

/** The healthy voters, those named left out. */
export const healthyVoters = (peers: Peers, ...except: readonly string[]): readonly Peer[] =>
  peers.expected.filter((peer) => !except.includes(peer.name) && whyUnhealthy(peer, peers) === undefined);

/** Whether the healthy voters without this one are still a quorum of all voters. Unknown membership never is. */
export function survivesLossOf(peers: Peers, pod: string): boolean {
  const { voters } = peers;
  return voters.kind === 'known' && healthyVoters(peers, pod).length >= quorum(voters.value.length);
}

/** Who may take over from `leader`: the other healthy voters that have caught up to the index. */
export const stepDownCandidates = (
  peers: Peers,
  leader: string,
  index: number | undefined,
): readonly Peer[] => healthyVoters(peers, leader).filter((peer) => whyBehind(peer, index) === undefined);

/** The leader's own last log index now; undefined while none is known. */
export function leaderIndex({ leader, expected }: Peers): number | undefined {
  if (leader.kind === 'unknown') return undefined;
  const member = expected.find(({ name }) => name === leader.value)?.member;
  return member?.kind === 'known' ? member.value.lastIndex : undefined;
}
