import type { RollingUpgrade } from '../../../api/openbaocluster.ts';
import type { ClusterEvent } from '../../cluster/decision.ts';
import { leaderIndex } from '../../raft/health.ts';
import type { Peers } from '../../raft/peers.ts';
import { event } from './events.ts';
import { patched } from './phase.ts';

/**
 * Counts leaders. A new one's log may lack entries of the old one that no quorum had, so an index taken from
 * the old one might never be reached: it is taken anew, once.
 */
export function trackLeadership(
  upgrade: RollingUpgrade,
  peers: Peers,
): { readonly upgrade: RollingUpgrade; readonly events: readonly ClusterEvent[] } {
  if (peers.leader.kind === 'unknown') return { upgrade, events: [] };
  const leader = peers.leader.value;
  const changed = upgrade.leader !== undefined && upgrade.leader !== leader;
  const since = changed
    ? patched(upgrade, {
        leadershipChanges: (upgrade.leadershipChanges ?? 0) + 1,
        referenceIndex: undefined,
        catchUp: upgrade.catchUp?.map((entry) => patched(entry, { index: undefined })),
      })
    : upgrade;
  return {
    upgrade: patched(since, {
      leader,
      referenceIndex: since.referenceIndex ?? leaderIndex(peers),
    }),
    events: changed
      ? [event('Normal', 'LeaderChanged', 'Watch', `${leader} leads after ${upgrade.leader}`)]
      : [],
  };
}
