import type { RollingUpgrade } from '../../../api/openbaocluster.ts';
import { serverStatus } from '../../model/server-container.ts';
import { leaderIndex } from '../../raft/health.ts';
import type { Peers } from '../../raft/peers.ts';
import { patched } from '../../model/patch.ts';

/**
 * Counts leaders, and takes the index to reach anew where the old one says nothing any more. The Event comes from
 * what is so (facts.ts).
 */
export function trackLeadership(upgrade: RollingUpgrade, peers: Peers): RollingUpgrade {
  if (peers.leader.kind === 'unknown') return upgrade;
  const leader = peers.leader.value;
  const changed = upgrade.leader !== undefined && upgrade.leader !== leader;
  const counted = patched(upgrade, {
    leader,
    leadershipChanges: (upgrade.leadershipChanges ?? 0) + (changed ? 1 : 0),
  });
  return withReference(counted, peers, leader);
}

/**
 * The leader's last index is taken once for one leader and one start of each pod. A new leader's log may
 * lack entries of the old one that no quorum had, so that an index of the old one is never reached. A member
 * that started anew keeps what it had applied, and would pass by an index from before, though nothing is
 * replicated to it yet.
 */
function withReference(upgrade: RollingUpgrade, peers: Peers, leader: string): RollingUpgrade {
  const referenceOf = sum([leader, ...peers.expected.map(({ pod }) => startOf(pod))].join());
  const isSame = upgrade.referenceOf === referenceOf && upgrade.referenceIndex !== undefined;
  if (isSame) return upgrade;
  const referenceIndex = leaderIndex(peers);
  if (referenceIndex === undefined) return upgrade;
  const catchUp = upgrade.catchUp?.map((entry) => ({ ...entry, index: referenceIndex }));
  return patched(upgrade, { referenceOf, referenceIndex, catchUp });
}

type Pod = Peers['expected'][number]['pod'];

const startOf = (pod: Pod): string => `${pod?.metadata.uid}/${serverStatus(pod)?.restartCount ?? 0}`;

/** FNV-1a of 32 bits: tells one set from the next. */
function sum(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(36);
}
