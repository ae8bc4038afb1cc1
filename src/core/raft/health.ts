import type { Known } from '../model/known.ts';
import type { Member } from '../model/observation.ts';
import { isReady } from '../model/selectors.ts';
import type { Peer, Peers } from './peers.ts';
import { quorum } from './quorum.ts';

/**
 * Why a member does not take part, asked in four ways; undefined when it does. Each is a clause such as "prod-1 is
 * sealed".
 *
 * 1. `whyAbsent`: a peer of either half takes part: it runs, is unsealed and follows the leader. Green has joined
 *    before it votes, and before its pods are Ready.
 * 2. `whyNoVote`: a peer counts towards a quorum: it takes part, its pod is Ready, there is one cluster, and the leader
 *    counts its vote. Ready alone says nothing of Raft (docs/facts/openbao-measured.md, 0.3).
 * 3. `whyUnhealthy`: a peer is a healthy voter, beside which another may be stopped: it counts, and its data lasts. One
 *    whose volume is being deleted votes like any other, and is no safe place for what another holds (L3).
 * 4. `whyNotFollowing`: a member follows the one that was asked. For a Job, which sees no pods and asks the leader.
 */

export const whyAbsent = (peer: Peer, peers: Peers): string | undefined =>
  whyNoPod(peer) ?? whyNoAnswer(peer, 'has not joined') ?? whyAstray(peer, peers);

export const whyUnhealthy = (peer: Peer, peers: Peers): string | undefined =>
  whyNoVote(peer, peers) ?? whyLosing(peer);

/** Why a member other than this one is not healthy; undefined where they all are. */
export const whyOthersUnhealthy = (peers: Peers, name: string): string | undefined =>
  peers.expected
    .filter((peer) => peer.name !== name)
    .map((peer) => whyUnhealthy(peer, peers))
    .find((reason) => reason !== undefined);

export function whyNoVote(peer: Peer, peers: Peers): string | undefined {
  const { name, pod, voter } = peer;
  const gone = whyNoPod(peer);
  if (gone !== undefined) return gone;
  if (pod !== undefined && !isReady(pod)) return `${name} is not Ready`;
  const silent = whyNoAnswer(peer, 'is not initialized');
  if (silent !== undefined) return silent;
  if (peers.clusterIds.size > 1) return `the members belong to ${peers.clusterIds.size} clusters`;
  const astray = whyAstray(peer, peers);
  if (astray !== undefined) return astray;
  if (voter.kind === 'unknown') return `whether ${name} is a voter is not known: ${voter.cause}`;
  return voter.value ? undefined : `${name} is not a voter`;
}

/**
 * Unsealed, in the same cluster as this leader, and naming it. What a member does not say is no yes
 * (docs/design.md, rule 2).
 */
export function whyNotFollowing(
  pod: string,
  member: Known<Member> | undefined,
  leader: Member,
): string | undefined {
  if (member === undefined) return `${pod} is not among the members given`;
  if (member.kind === 'unknown') return `${pod} did not answer`;
  const { initialized, sealed, clusterId, leader: followed } = member.value;
  if (!initialized) return `${pod} is not initialized`;
  if (sealed) return `${pod} is sealed`;
  if (clusterId === undefined || clusterId !== leader.clusterId) return `${pod} is in another cluster`;
  return followed === leader.pod ? undefined : `${pod} follows ${followed ?? 'nobody'}`;
}

const whyNoPod = ({ name, pod }: Peer): string | undefined => {
  if (pod === undefined) return `${name} has no pod`;
  return pod.metadata.deletionTimestamp === undefined ? undefined : `${name} is terminating`;
};

/** Why it must not be stopped: its data would end with its pod (L3). Nothing takes a deletion back. */
export const whyLosing = ({ name, isVolumeGoing }: Peer): string | undefined =>
  isVolumeGoing === true ? `the volume of ${name} is being deleted, and goes with its pod` : undefined;

function whyNoAnswer({ name, member }: Peer, uninitialized: string): string | undefined {
  if (member.kind === 'unknown') return `${name} did not answer: ${member.cause}`;
  if (!member.value.initialized) return `${name} ${uninitialized}`;
  return member.value.sealed ? `${name} is sealed` : undefined;
}

function whyAstray({ name, member }: Peer, { leader }: Peers): string | undefined {
  if (leader.kind === 'unknown') return `no leader is known: ${leader.cause}`;
  const followed = member.kind === 'known' ? member.value.leader : undefined;
  return followed === leader.value ? undefined : `${name} does not follow ${leader.value} yet`;
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

/** Those that count towards a quorum, those named left out. */
export const countedVoters = (peers: Peers, ...except: readonly string[]): readonly Peer[] =>
  peers.expected.filter((peer) => !except.includes(peer.name) && whyNoVote(peer, peers) === undefined);

/** Whether those that count without this one are still a quorum of all voters. Unknown membership never is. */
export function survivesLossOf(peers: Peers, pod: string): boolean {
  const { voters } = peers;
  return voters.kind === 'known' && countedVoters(peers, pod).length >= quorum(voters.value.length);
}

/** Who may take over from `leader`: the other healthy voters that have caught up to the index. */
export const stepDownCandidates = (
  peers: Peers,
  leader: string,
  index: number | undefined,
): readonly Peer[] =>
  peers.expected.filter(
    (peer) =>
      peer.name !== leader && whyUnhealthy(peer, peers) === undefined && whyBehind(peer, index) === undefined,
  );

/** The leader's own last log index now; undefined while none is known. */
export function leaderIndex({ leader, expected }: Peers): number | undefined {
  if (leader.kind === 'unknown') return undefined;
  const member = expected.find(({ name }) => name === leader.value)?.member;
  return member?.kind === 'known' ? member.value.lastIndex : undefined;
}
