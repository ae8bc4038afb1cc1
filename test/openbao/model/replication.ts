import { put, serversOf } from './storage.ts';
import { clusterOf, nodeOf, type Cluster, type Node, type World } from './state.ts';

/** Whether the node's Raft runs and its peers can reach it. A node that joined votes before it is unsealed. */
export function participates(node: Node): boolean {
  const { process, disk, cut } = node;
  if (process === undefined || disk === undefined || cut) return false;
  return process.phase === 'unsealed' || (process.phase === 'sealed' && process.joined);
}

/** Voters whose Raft runs, in configuration order. */
export function votersUp(world: World, cluster: Cluster): Node[] {
  return serversOf(cluster)
    .filter(({ voter }) => voter)
    .flatMap(({ id }) => {
      const node = world.nodes[id];
      return node !== undefined && node.disk?.cluster === cluster.key && participates(node) ? [node] : [];
    });
}

/** How many voters make a majority. */
export function quorumOf(cluster: Cluster): number {
  return Math.floor(serversOf(cluster).filter(({ voter }) => voter).length / 2) + 1;
}

/** Whether entries reach the node now: not in the first seconds after its restart. */
export function replicates(world: World, node: Node): boolean {
  return participates(node) && node.process?.phase === 'unsealed' && node.process.replicatesFrom <= world.now;
}

/** Whether an entry written now would be on a majority. */
export function canCommit(world: World, cluster: Cluster): boolean {
  if (cluster.leader === undefined) return false;
  const holders = votersUp(world, cluster).filter(
    (node) => node.id === cluster.leader || replicates(world, node),
  );
  return holders.length >= quorumOf(cluster);
}

/** Writes entries as the leader, at once on all that replicate. Only when `canCommit`. */
export function commit(world: World, cluster: Cluster, entries: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(entries)) put(world, cluster, key, value);
  replicate(world, cluster);
}

/** Brings everyone that replicates up to the leader's log. */
export function replicate(world: World, cluster: Cluster): void {
  if (cluster.leader === undefined) return;
  const leader = nodeOf(world, cluster.leader);
  if (leader.disk !== undefined) leader.disk.lastIndex = leader.disk.appliedIndex = cluster.lastIndex;
  for (const { id } of serversOf(cluster)) {
    const node = world.nodes[id];
    if (node !== undefined && node.id !== cluster.leader && node.disk?.cluster === cluster.key)
      follow(world, node, cluster);
  }
}

/** A follower learns that an entry is committed with the next one, or with a heartbeat. */
function follow(world: World, node: Node, cluster: Cluster): void {
  if (!replicates(world, node) || node.disk === undefined || node.process === undefined) return;
  if (node.disk.lastIndex >= cluster.lastIndex) return;
  node.disk.appliedIndex = Math.max(
    node.disk.appliedIndex,
    Math.min(node.disk.lastIndex, cluster.lastIndex - 1),
  );
  node.disk.lastIndex = cluster.lastIndex;
  node.process.applyAt ??= world.now + world.timing.apply;
}

/** The next time something happens to a follower's log by itself. */
export function replicationDue(world: World): number | undefined {
  const times = Object.values(world.nodes).flatMap((node) => {
    if (!participates(node) || node.process === undefined) return [];
    const { applyAt, replicatesFrom } = node.process;
    return [applyAt, isBehind(world, node) ? replicatesFrom : undefined].filter((time) => time !== undefined);
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Does what is due by now. */
export function replicationFires(world: World): void {
  for (const node of Object.values(world.nodes)) {
    const { process, disk } = node;
    if (process?.applyAt !== undefined && process.applyAt <= world.now && disk !== undefined) {
      disk.appliedIndex = disk.lastIndex;
      process.applyAt = undefined;
    }
  }
  for (const cluster of Object.values(world.clusters)) replicate(world, cluster);
}

function isBehind(world: World, node: Node): boolean {
  const cluster = clusterOf(world, node);
  if (cluster?.leader === undefined || node.disk === undefined || node.process?.phase !== 'unsealed')
    return false;
  if (!serversOf(cluster).some(({ id }) => id === node.id)) return false;
  return node.id !== cluster.leader && node.disk.lastIndex < cluster.lastIndex;
}
