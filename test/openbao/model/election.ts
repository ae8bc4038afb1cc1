import { activate } from './activation.ts';
import { between, random } from './random.ts';
import { participates, quorumOf, replicate, replicates, votersUp } from './replication.ts';
import { nodeOf, type Cluster, type Node, type World } from './state.ts';
import { serversOf, truncate } from './storage.ts';

/** Draws what follows from a change of processes, network or membership. Call it after each. */
export function settle(world: World): void {
  for (const cluster of Object.values(world.clusters)) settleCluster(world, cluster);
}

function settleCluster(world: World, cluster: Cluster): void {
  if (cluster.leader !== undefined && !participates(nodeOf(world, cluster.leader))) {
    loseLeader(cluster, 'crash');
  }
  const hasQuorum = votersUp(world, cluster).length >= quorumOf(cluster);
  if (cluster.leader !== undefined) {
    if (hasQuorum) cluster.leaseEndsAt = undefined;
    else cluster.leaseEndsAt ??= world.now + lease(world, cluster);
  } else if (hasQuorum) {
    cluster.electionAt ??= world.now + electionDelay(world, cluster);
  } else {
    cluster.electionAt = undefined;
  }
}

/** The cluster has no Raft leader any more. */
export function loseLeader(cluster: Cluster, loss: Cluster['lastLoss']): void {
  cluster.leader = cluster.active = undefined;
  cluster.activeAt = cluster.leaseEndsAt = cluster.electionAt = undefined;
  stopAutopilot(cluster);
  cluster.lastLoss = loss;
  // A dead leader's record stays; one that gave up took its own away.
  if (loss !== 'crash') cluster.named = undefined;
}

/** Makes the node Raft's leader; it becomes active at `activeAt`, or when its passive time is over. */
export function lead(world: World, cluster: Cluster, winner: Node, activeAt: number): void {
  cluster.term += 1;
  if (cluster.term > 1) cluster.leadershipChanges += 1;
  cluster.leader = winner.id;
  cluster.leaderSince = world.now;
  cluster.active = undefined;
  stopAutopilot(cluster);
  cluster.electionAt = cluster.leaseEndsAt = undefined;
  cluster.activeAt = Math.max(activeAt, (winner.process?.blockedUntil ?? 0) + world.timing.activation);
  truncate(world, cluster, winner.disk?.lastIndex ?? 0);
  // A new leader dials its followers anew.
  for (const { id } of serversOf(cluster)) {
    const process = world.nodes[id]?.process;
    if (process !== undefined) process.replicatesFrom = Math.min(process.replicatesFrom, world.now);
  }
  replicate(world, cluster);
}

/** Hands leadership to another voter; false when none can take it. */
export function transfer(world: World, cluster: Cluster): boolean {
  const old = cluster.leader;
  const others = votersUp(world, cluster).filter(
    (node) => node.id !== old && node.process?.phase === 'unsealed',
  );
  if (others.length === 0 || votersUp(world, cluster).length < quorumOf(cluster)) return false;
  const ready = others.filter((node) => replicates(world, node));
  const { transfer: quick, slowTransfer, activation } = world.timing;
  const target = successor(world, ready.length > 0 ? ready : others);
  if (target.disk !== undefined) target.disk.lastIndex = cluster.lastIndex;
  lead(world, cluster, target, world.now + (ready.length > 0 ? quick : slowTransfer) + activation);
  cluster.lastLoss = 'handover';
  cluster.named = undefined;
  return true;
}

/**
 * Raft takes the longest log, then configuration order. Among equals a node that itself stepped down just before
 * was taken every time (docs/facts/openbao-measured.md, 0.5), and stays passive.
 */
function successor(world: World, candidates: readonly Node[]): Node {
  const longest = Math.max(...candidates.map((node) => node.disk?.lastIndex ?? 0));
  const equals = candidates.filter((node) => node.disk?.lastIndex === longest);
  const taken = equals.find((node) => (node.process?.blockedUntil ?? 0) > world.now) ?? equals[0];
  if (taken === undefined) throw new Error('no candidate to take over leadership');
  return taken;
}

/** The next election, activation or end of a lease. */
export function electionDue(world: World): number | undefined {
  const times = Object.values(world.clusters)
    .flatMap(({ electionAt, activeAt, leaseEndsAt }) => [electionAt, activeAt, leaseEndsAt])
    .filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Does what is due by now. */
export function electionFires(world: World): void {
  for (const cluster of Object.values(world.clusters)) {
    if (isDue(world, cluster.leaseEndsAt)) {
      loseLeader(cluster, 'quorum');
      settleCluster(world, cluster);
    } else if (isDue(world, cluster.electionAt)) {
      elect(world, cluster);
    } else if (isDue(world, cluster.activeAt)) {
      cluster.activeAt = undefined;
      activate(world, cluster);
    }
  }
}

function elect(world: World, cluster: Cluster): void {
  cluster.electionAt = undefined;
  const voters = votersUp(world, cluster);
  if (voters.length < quorumOf(cluster)) return;
  const longest = Math.max(...voters.map((node) => node.disk?.lastIndex ?? 0));
  const equals = voters.filter((node) => node.disk?.lastIndex === longest);
  const winner = equals[Math.floor(random(world) * equals.length)];
  if (winner !== undefined) lead(world, cluster, winner, world.now + world.timing.activation);
}

function electionDelay(world: World, cluster: Cluster): number {
  const multiplier = multiplierOf(world, cluster);
  if (serversOf(cluster).filter(({ voter }) => voter).length === 1) return 1000;
  if (cluster.lastLoss === 'quorum') return between(world, 40, 1450 * multiplier);
  return multiplier === 1 ? between(world, 600, 2400) : multiplier * between(world, 950, 1850);
}

/** Autopilot runs on the active node only. */
function stopAutopilot(cluster: Cluster): void {
  cluster.autopilot = { ...cluster.autopilot, reconcileAt: undefined, updateAt: undefined };
}

function lease(world: World, cluster: Cluster): number {
  return 500 * multiplierOf(world, cluster);
}

function multiplierOf(world: World, cluster: Cluster): number {
  const nodes = serversOf(cluster).map(({ id }) => world.nodes[id]?.settings.performanceMultiplier ?? 5);
  return Math.max(1, ...nodes);
}

function isDue(world: World, time: number | undefined): boolean {
  return time !== undefined && time <= world.now;
}
