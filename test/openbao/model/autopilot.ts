import { canCommit, commit, participates } from './replication.ts';
import { nodeOf, type Cluster, type Node, type RaftServer, type World } from './state.ts';
import { keys, nonVotersOf, read, serversOf } from './storage.ts';
import { canForward, withoutSuffix } from './versions.ts';

/** Body of `autopilot/configuration`. */
export interface AutopilotConfiguration {
  readonly cleanup_dead_servers: boolean;
  readonly dead_server_last_contact_threshold: string;
  readonly last_contact_threshold: string;
  readonly max_trailing_logs: number;
  readonly min_quorum: number;
  readonly server_stabilization_time: string;
}

export const defaultAutopilotConfiguration: AutopilotConfiguration = {
  cleanup_dead_servers: false,
  dead_server_last_contact_threshold: '24h0m0s',
  last_contact_threshold: '10s',
  max_trailing_logs: 1000,
  min_quorum: 0,
  server_stabilization_time: '10s',
};

const echoInterval = 5000;

export function autopilotConfigurationOf(cluster: Cluster): AutopilotConfiguration {
  return (read(cluster, keys.autopilot) ?? defaultAutopilotConfiguration) as AutopilotConfiguration;
}

/** Autopilot's next round or update, on active nodes. */
export function autopilotDue(world: World): number | undefined {
  const times = Object.values(world.clusters).flatMap(({ autopilot }) =>
    [autopilot.reconcileAt, autopilot.updateAt].filter((time) => time !== undefined),
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Does what is due by now: first what autopilot sees, then what it changes. */
export function autopilotFires(world: World): void {
  for (const cluster of Object.values(world.clusters)) {
    const { autopilot } = cluster;
    if (cluster.active === undefined) continue;
    const { updateInterval, reconcileInterval } = nodeOf(world, cluster.active).settings;
    if (autopilot.updateAt !== undefined && autopilot.updateAt <= world.now) {
      update(world, cluster);
      autopilot.updateAt = world.now + updateInterval;
    }
    if (autopilot.reconcileAt !== undefined && autopilot.reconcileAt <= world.now) {
      reconcile(world, cluster);
      autopilot.reconcileAt = world.now + reconcileInterval;
    }
  }
}

/** Promotions and demotions never happen in the same round; all flagged voters go in one, even down to one. */
function reconcile(world: World, cluster: Cluster): void {
  if (!canCommit(world, cluster)) return;
  const servers = serversOf(cluster);
  const flagged = nonVotersOf(cluster);
  const promoted = servers.filter(
    ({ id, voter }) => !voter && !flagged.includes(id) && isStable(world, cluster, id),
  );
  // The leader's demotion waits until another one leads.
  const demoted = servers.filter(({ id, voter }) => voter && flagged.includes(id) && id !== cluster.leader);
  const changed = promoted.length > 0 ? promoted : demoted;
  if (changed.length === 0) return;
  commit(world, cluster, {
    [keys.servers]: servers.map((server) =>
      changed.includes(server) ? { ...server, voter: promoted.length > 0 } : server,
    ),
  });
}

/** A leader that just began ignores the stabilisation time until it has itself run that long. */
function isStable(world: World, cluster: Cluster, id: string): boolean {
  const since = cluster.autopilot.stableSince[id];
  if (since === undefined) return false;
  const wanted = durationMs(autopilotConfigurationOf(cluster).server_stabilization_time);
  return world.now - since >= Math.min(wanted, world.now - cluster.activeSince);
}

function update(world: World, cluster: Cluster): void {
  const { autopilot } = cluster;
  const servers = serversOf(cluster);
  hearEchoes(world, cluster, servers);
  const stableSince: Record<string, number | undefined> = {};
  for (const { id } of servers) {
    if (isHealthy(world, cluster, id)) stableSince[id] = autopilot.stableSince[id] ?? world.now;
  }
  autopilot.stableSince = stableSince;
  autopilot.state = stateBody(world, cluster, servers);
}

function isHealthy(world: World, cluster: Cluster, id: string): boolean {
  if (id === cluster.leader) return true;
  const contact = lastContact(world, cluster, world.nodes[id]);
  const { last_contact_threshold, max_trailing_logs } = autopilotConfigurationOf(cluster);
  if (contact === undefined || contact > durationMs(last_contact_threshold)) return false;
  return cluster.lastIndex - (world.nodes[id]?.disk?.lastIndex ?? 0) <= max_trailing_logs;
}

/** Milliseconds since the node's last echo to this leader; undefined when there was none. */
function lastContact(world: World, cluster: Cluster, node: Node | undefined): number | undefined {
  const echo = node === undefined ? undefined : cluster.autopilot.lastEcho[node.id];
  return echo === undefined ? undefined : world.now - echo;
}

/** An unsealed standby says every five seconds that it is there; one of the other kind of version is not heard. */
function hearEchoes(world: World, cluster: Cluster, servers: readonly RaftServer[]): void {
  for (const { id } of servers) {
    const node = world.nodes[id];
    if (node?.process?.unsealedAt === undefined || node.disk?.cluster !== cluster.key) continue;
    if (!isHeard(world, cluster, node)) continue;
    const first = Math.max(node.process.unsealedAt, firstEchoAt(world, cluster));
    if (!participates(node) || world.now < first) continue;
    cluster.autopilot.lastEcho[id] = world.now - ((world.now - first) % echoInterval);
  }
}

const isHeard = (world: World, { active }: Cluster, node: Node) =>
  active !== undefined && canForward(node, nodeOf(world, active));

function firstEchoAt(world: World, cluster: Cluster): number {
  return cluster.leadershipChanges === 0 ? 0 : cluster.activeSince + world.timing.firstEcho;
}

function stateBody(
  world: World,
  cluster: Cluster,
  servers: readonly RaftServer[],
): Readonly<Record<string, unknown>> {
  const healthy = (id: string) => cluster.autopilot.stableSince[id] !== undefined;
  const voters = servers.filter(({ voter }) => voter);
  const healthyVoters = voters.filter(({ id }) => healthy(id)).length;
  const flagged = nonVotersOf(cluster).filter((id) => servers.some((server) => server.id === id));
  return {
    failure_tolerance: Math.max(0, healthyVoters - (Math.floor(voters.length / 2) + 1)),
    healthy: servers.every(({ id }) => healthy(id)),
    leader: cluster.leader,
    servers: Object.fromEntries(servers.map((server) => [server.id, serverBody(world, cluster, server)])),
    voters: voters.map(({ id }) => id),
    ...(flagged.length === 0 ? {} : { non_voters: flagged }),
  };
}

function serverBody(
  world: World,
  cluster: Cluster,
  { id, address, voter }: RaftServer,
): Readonly<Record<string, unknown>> {
  const node = world.nodes[id];
  const leads = id === cluster.leader;
  const contact = lastContact(world, cluster, node);
  const since = cluster.autopilot.stableSince[id];
  return {
    id,
    name: id,
    address,
    node_status: 'alive',
    last_contact: leads ? '0s' : `${(contact ?? 0) / 1000}s`,
    last_term: leads || contact !== undefined ? cluster.term : 0,
    last_index: leads || contact !== undefined ? (node?.disk?.lastIndex ?? 0) : 0,
    healthy: since !== undefined,
    stable_since: new Date(since ?? world.now).toISOString(),
    status: leads ? 'leader' : voter ? 'voter' : 'non-voter',
    version: versionOf(world, cluster, id, contact !== undefined),
    node_type: nonVotersOf(cluster).includes(id) ? 'non-voter' : 'voter',
  };
}

/** Of a member that is not heard it is the leader's. */
function versionOf(world: World, cluster: Cluster, id: string, wasHeard: boolean): string {
  const node = world.nodes[id];
  const leader = cluster.active === undefined ? undefined : nodeOf(world, cluster.active);
  if (node === undefined || leader === undefined) return '';
  if (!canForward(node, leader)) return withoutSuffix(leader);
  return wasHeard || node.id === leader.id ? withoutSuffix(node) : '';
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration such as `1m30s`; a bare number is seconds. */
export function durationMs(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0),
    0,
  );
}

/** A duration as Go prints it: `10s`, `1m0s`, `24h0m0s`. */
export function goDuration(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
