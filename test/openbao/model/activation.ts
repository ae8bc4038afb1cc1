import { connects } from './namespaces.ts';
import { canCommit, commit } from './replication.ts';
import { nodeOf, type Cluster, type World } from './state.ts';
import { keys, read } from './storage.ts';
import { withoutSuffix } from './versions.ts';

/** When a version first was active, as `sys/version-history` keeps it. */
export interface VersionRecord {
  readonly version: string;
  readonly previous: string | null;
  readonly installed: number;
}

const retryInterval = 100;

/** Raft's leader begins to serve: writes its records and starts autopilot. */
export function activate(world: World, cluster: Cluster): void {
  if (cluster.leader === undefined) return;
  if (!canCommit(world, cluster)) {
    cluster.activeAt = world.now + retryInterval;
    return;
  }
  const leader = nodeOf(world, cluster.leader);
  cluster.active = cluster.named = leader.id;
  cluster.activeSince = world.now;
  for (const node of Object.values(world.nodes)) {
    if (node.disk?.cluster === cluster.key && node.process?.keysAt !== undefined) connects(world, node);
  }
  cluster.autopilot = {
    updateAt: world.now,
    reconcileAt: world.now + leader.settings.reconcileInterval,
    lastEcho: {},
    stableSince: {},
    state: undefined,
  };
  commit(world, cluster, {
    'core/leader': { id: leader.id, since: world.now },
    [keys.versions]: versionsWith(world, cluster, withoutSuffix(leader)),
  });
}

/** An entry is written only the first time a version becomes active. */
function versionsWith(world: World, cluster: Cluster, version: string): readonly VersionRecord[] {
  const known = (read(cluster, keys.versions) ?? []) as readonly VersionRecord[];
  if (known.some((record) => record.version === version)) return known;
  return [...known, { version, previous: known.at(-1)?.version ?? null, installed: world.now }];
}
