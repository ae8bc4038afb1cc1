import { data, errors, json, type Request, type Response } from './http.ts';
import type { VersionRecord } from './activation.ts';
import type { Context } from './context.ts';
import { participates } from './replication.ts';
import { clusterOf, nodeOf, type Cluster, type Node, type World } from './state.ts';
import { keys, read, serversOf } from './storage.ts';
import { atLeast, canForward, withoutSuffix } from './versions.ts';

interface Identity {
  readonly id: string;
  readonly name: string;
}

export function isSealed({ process }: Node): boolean {
  return process?.phase !== 'unsealed';
}

export function isActive(world: World, node: Node): boolean {
  return !isSealed(node) && clusterOf(world, node)?.active === node.id;
}

function identityFields(world: World, node: Node): Readonly<Record<string, string>> {
  const cluster = clusterOf(world, node);
  if (cluster === undefined || isSealed(node)) return {};
  const { id, name } = read(cluster, keys.identity) as Identity;
  return { cluster_name: name, cluster_id: id };
}

/** `sys/health`, the one call that its status code answers. */
export function health(world: World, node: Node, { query = {} }: Request): Response {
  const active = isActive(world, node);
  const code = () => {
    if (node.disk === undefined) return Number(query['uninitcode'] ?? 501);
    if (isSealed(node)) return Number(query['sealedcode'] ?? 503);
    if (active) return Number(query['activecode'] ?? 200);
    return 'standbyok' in query && query['standbyok'] !== 'false' ? 200 : Number(query['standbycode'] ?? 429);
  };
  return json(code(), {
    initialized: node.disk !== undefined,
    sealed: isSealed(node),
    standby: !active,
    ...(atLeast(node, '2.6.0') ? {} : { performance_standby: false }),
    ...replicationFields(world, node, active),
    server_time_utc: Math.floor(world.now / 1000),
    version: node.settings.version,
    ...identityFields(world, node),
  });
}

function replicationFields(world: World, node: Node, active: boolean): Readonly<Record<string, string>> {
  const settled =
    world.now - (node.process?.unsealedAt ?? world.now) > 5000 &&
    clusterOf(world, node)?.active !== undefined;
  if (!active && !settled) return { replication_performance_mode: 'unknown', replication_dr_mode: 'unknown' };
  const mode = active && !atLeast(node, '2.5.0') ? 'disabled' : 'primary';
  return { replication_performance_mode: mode, replication_dr_mode: 'disabled' };
}

/** `sys/leader`: this node's indexes, and whom it takes for the leader. */
export function leader(world: World, node: Node): Response {
  const cluster = clusterOf(world, node);
  if (cluster === undefined || isSealed(node)) return errors(503, 'Vault is sealed');
  const self = isActive(world, node);
  const named = cluster.named === undefined ? undefined : world.nodes[cluster.named];
  // From 2.6 on a node leaves out what is false or empty (docs/facts/openbao-2.6-measured.md, 0.3).
  const isTerse = atLeast(node, '2.6.0');
  return json(200, {
    ha_enabled: true,
    ...(isTerse && !self ? {} : { is_self: self, active_time: activeTime(cluster.activeSince, self) }),
    ...(isTerse && named === undefined
      ? {}
      : {
          leader_address: named?.settings.apiAddress ?? '',
          leader_cluster_address: named === undefined ? '' : `https://${named.settings.clusterAddress}`,
        }),
    raft_committed_index: node.disk?.lastIndex ?? 0,
    raft_applied_index: node.disk?.appliedIndex ?? 0,
  });
}

const activeTime = (since: number, self: boolean): string =>
  self ? new Date(since).toISOString() : '0001-01-01T00:00:00Z';

export function sealStatus(world: World, node: Node): Response {
  return json(200, {
    type: 'static',
    initialized: node.disk !== undefined,
    sealed: isSealed(node),
    t: 0,
    n: 0,
    progress: 0,
    nonce: '',
    version: node.settings.version,
    [dateField(node)]: '',
    migration: false,
    ...identityFields(world, node),
    recovery_seal: true,
    ...(node.disk === undefined ? {} : { recovery_seal_type: 'shamir' }),
    storage_type: 'raft',
  });
}

const dateField = (node: Node) => (atLeast(node, '2.6.0') ? 'commit_date' : 'build_date');

/** The active node and those it heard in the last 15 s, removed ones that still run included. */
export function haStatus({ world, cluster }: Context): Response {
  const nodes = Object.values(world.nodes)
    .filter((node) => node.disk?.cluster === cluster.key && participates(node) && !isSealed(node))
    .filter((node) => cluster.active === undefined || canForward(node, nodeOf(world, cluster.active)))
    .map((node) => haNode(world, cluster, node));
  return data({ nodes }, { nodes });
}

function haNode(world: World, cluster: Cluster, node: Node): Readonly<Record<string, unknown>> {
  const active = cluster.active === node.id;
  return {
    hostname: node.id,
    api_address: node.settings.apiAddress,
    cluster_address: `https://${node.settings.clusterAddress}`,
    active_node: active,
    last_echo: active ? null : new Date(world.now).toISOString(),
    version: withoutSuffix(node),
    upgrade_version: withoutSuffix(node),
  };
}

/** Every version that was ever active. */
export function versionHistory({ cluster, node, index }: Context): Response {
  const records = (read(cluster, keys.versions, index) ?? []) as readonly VersionRecord[];
  const info = records.map(({ version, previous, installed }) => [
    version,
    {
      [dateField(node)]: '',
      previous_version: previous,
      timestamp_installed: `${new Date(installed).toISOString().slice(0, 19)}Z`,
    },
  ]);
  return data({ key_info: Object.fromEntries(info), keys: records.map(({ version }) => version) });
}

/** Labels that the node's own service registration keeps on its pod. */
export function podLabels(world: World, id: string): Readonly<Record<string, string>> {
  const node = nodeOf(world, id);
  return {
    'openbao-active': String(isActive(world, node)),
    'openbao-initialized': String(node.disk !== undefined),
    'openbao-perf-standby': 'false',
    'openbao-sealed': String(isSealed(node)),
    'openbao-version': node.settings.version.replaceAll('+', '_'),
  };
}

/** Whether the node is in the configuration that the leader has. */
export function isMember(cluster: Cluster, id: string): boolean {
  return serversOf(cluster).some((server) => server.id === id);
}
