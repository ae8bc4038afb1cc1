import type { Cluster, RaftServer, World } from './state.ts';

/** Keys of replicated storage that more than one trait knows. */
export const keys = {
  servers: 'raft/servers',
  nonVoters: 'autopilot/non-voters',
  autopilot: 'autopilot/configuration',
  identity: 'core/cluster',
  versions: 'core/versions',
} as const;

/** The value as a node sees it that has the log up to `index`. */
export function read(cluster: Cluster, key: string, index: number = cluster.lastIndex): unknown {
  return cluster.storage[key]?.findLast((version) => version.index <= index)?.value;
}

/** Keys with a value below a prefix, sorted. */
export function keysBelow(cluster: Cluster, prefix: string, index: number = cluster.lastIndex): string[] {
  return Object.keys(cluster.storage)
    .filter((key) => key.startsWith(prefix) && read(cluster, key, index) !== undefined)
    .toSorted();
}

/** Writes the next log entry; who holds it is replication's business. */
export function put(world: World, cluster: Cluster, key: string, value: unknown): void {
  cluster.lastIndex += 1;
  const versions = cluster.storage[key] ?? [];
  cluster.storage[key] = [
    ...stillSeen(versions, oldestIndex(world, cluster)),
    { index: cluster.lastIndex, value },
  ];
}

/** Forgets what only the log above `index` says: the new leader does not have it. */
export function truncate(world: World, cluster: Cluster, index: number): void {
  for (const [key, versions] of Object.entries(cluster.storage)) {
    const kept = versions.filter((version) => version.index <= index);
    if (kept.length > 0) cluster.storage[key] = kept;
    else delete cluster.storage[key];
  }
  cluster.lastIndex = Math.min(cluster.lastIndex, index);
  for (const node of Object.values(world.nodes)) {
    if (node.disk?.cluster !== cluster.key) continue;
    node.disk.lastIndex = Math.min(node.disk.lastIndex, index);
    node.disk.appliedIndex = Math.min(node.disk.appliedIndex, index);
  }
}

/** Raft's configuration in the log up to `index`. */
export function serversOf(cluster: Cluster, index?: number): readonly RaftServer[] {
  return (read(cluster, keys.servers, index) ?? []) as readonly RaftServer[];
}

/** The permanent list of nodes that autopilot never promotes. It survives removal, snapshots and restores. */
export function nonVotersOf(cluster: Cluster): readonly string[] {
  return (read(cluster, keys.nonVoters) ?? []) as readonly string[];
}

function oldestIndex(world: World, cluster: Cluster): number {
  const disks = Object.values(world.nodes).flatMap(({ disk }) =>
    disk?.cluster === cluster.key ? [disk] : [],
  );
  return Math.min(cluster.lastIndex, ...disks.map((disk) => disk.appliedIndex));
}

function stillSeen<V extends { readonly index: number }>(
  versions: readonly V[],
  oldest: number,
): readonly V[] {
  const first = versions.findLastIndex((version) => version.index <= oldest);
  return first <= 0 ? versions : versions.slice(first);
}
