import { serverStatus } from '../model/server-container.ts';
import { leaderIndex } from './health.ts';
import type { Peer, Peers } from './peers.ts';

/** An index of the leader that members have to apply, and what it was read for. Part of a status. */
interface Reference {
  readonly referenceIndex?: number;
  readonly referenceOf?: string;
}

/**
 * The leader's last index is taken once for one leader and one start of each of these members. A new leader's log may
 * lack entries of the old one that no quorum had, so that an index of the old one is never reached. A member that
 * started anew, in another pod or in the same (a container that ended, a restart rule, a resize), keeps what it had
 * applied, and would pass by an index from before, though nothing is replicated to it yet.
 *
 * @returns the reference to go by; undefined when the one before goes on, or nobody is known to lead
 */
export function newReference(
  before: Reference,
  peers: Peers,
  members: readonly Peer[] = peers.expected,
): Required<Reference> | undefined {
  const { leader } = peers;
  if (leader.kind === 'unknown') return undefined;
  const referenceOf = sum([leader.value, ...members.map(({ pod }) => startOf(pod))].join());
  if (before.referenceOf === referenceOf && before.referenceIndex !== undefined) return undefined;
  const referenceIndex = leaderIndex(peers);
  return referenceIndex === undefined ? undefined : { referenceIndex, referenceOf };
}

const startOf = (pod: Peer['pod']): string => `${pod?.metadata.uid}/${serverStatus(pod)?.restartCount ?? 0}`;

/** FNV-1a of 32 bits: tells one set from the next. */
function sum(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(36);
}
