import { lead, loseLeader, settle, transfer } from './election.ts';
import { nodeOf, type Cluster, type World } from './state.ts';

/**
 * The active node gives leadership away and stays passive for 10 s. Without another healthy voter it stays
 * Raft's leader, and the cluster has no active node for that time.
 */
export function stepDown(world: World, cluster: Cluster): void {
  if (cluster.active === undefined) return;
  const node = nodeOf(world, cluster.active);
  if (node.process !== undefined) node.process.blockedUntil = world.now + world.timing.stepDownBlock;
  if (!transfer(world, cluster)) {
    lead(world, cluster, node, world.now + world.timing.stepDownBlock + world.timing.activation);
    cluster.named = undefined;
  }
  settle(world);
}

/** What a leader does that is told to stop. */
export function handOver(world: World, cluster: Cluster): void {
  if (!transfer(world, cluster)) loseLeader(cluster, 'handover');
}
