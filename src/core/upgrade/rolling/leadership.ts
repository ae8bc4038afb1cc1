import type { RollingUpgrade } from '../../../api/openbaocluster.ts';
import type { Peers } from '../../raft/peers.ts';
import { newReference } from '../../raft/reference.ts';
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
  return withReference(counted, peers);
}

/** Takes the index to reach anew where the old one says nothing any more. */
function withReference(upgrade: RollingUpgrade, peers: Peers): RollingUpgrade {
  const reference = newReference(upgrade, peers);
  if (reference === undefined) return upgrade;
  const catchUp = upgrade.catchUp?.map((entry) => ({ ...entry, index: reference.referenceIndex }));
  return patched(upgrade, { ...reference, catchUp });
}
