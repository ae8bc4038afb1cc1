import { data, errors, noContent, wrapped, type Response } from './http.ts';
import {
  autopilotConfigurationOf,
  durationMs,
  goDuration,
  type AutopilotConfiguration,
} from './autopilot.ts';
import type { Context } from './context.ts';
import { loseLeader, settle } from './election.ts';
import { commit } from './replication.ts';
import { keys, nonVotersOf, serversOf } from './storage.ts';
import { atLeast } from './versions.ts';

/** `sys/storage/raft/configuration`: on a standby of 2.5 its own, maybe old, view. */
export function raftConfiguration({ cluster, index }: Context): Response {
  const servers = serversOf(cluster, index).map(({ id, address, voter }) => ({
    node_id: id,
    address,
    leader: id === cluster.leader,
    protocol_version: '3',
    voter,
  }));
  return data({ config: { servers, index: 0 } });
}

function serverId(body: Context['body']): string | undefined {
  const id = body['server_id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** Before 2.7 nobody asks whether there is such a member. */
const isStranger = (cluster: Context['cluster'], node: Context['node'], id: string): boolean =>
  atLeast(node, '2.7.0') && !serversOf(cluster).some((server) => server.id === id);

const noServerId = errors(400, 'no server id provided');

/** Takes the id off the list of permanent non-voters; an id that is not on it is refused, whatever it is. */
export function promote({ world, cluster, node, body }: Context): Response {
  const id = serverId(body);
  if (id === undefined) return noServerId;
  if (isStranger(cluster, node, id)) return wrapped(500, `server ${id} not found in raft configuration`);
  const flagged = nonVotersOf(cluster);
  if (!flagged.includes(id)) return wrapped(500, 'server is not a non-voter');
  commit(world, cluster, { [keys.nonVoters]: flagged.filter((each) => each !== id) });
  return noContent;
}

/** Puts the id on that list, known or not before 2.7. */
export function demote({ world, cluster, node, body }: Context): Response {
  const id = serverId(body);
  if (id === undefined) return noServerId;
  if (isStranger(cluster, node, id)) return wrapped(500, `server ${id} not found in raft configuration`);
  const flagged = nonVotersOf(cluster);
  if (flagged.includes(id)) return wrapped(500, 'server is already a non-voter');
  commit(world, cluster, { [keys.nonVoters]: [...flagged, id] });
  return noContent;
}

/** No check of quorum, no complaint about an unknown id. A leader that is removed goes without handing over. */
export function removePeer({ world, cluster, body }: Context): Response {
  const id = serverId(body);
  if (id === undefined) return noServerId;
  const servers = serversOf(cluster);
  const rest = servers.filter((server) => server.id !== id);
  if (rest.length === servers.length) return noContent;
  if (!rest.some(({ voter }) => voter)) return wrapped(500, 'need at least one voter in configuration');
  commit(world, cluster, { [keys.servers]: rest });
  if (cluster.leader === id) {
    const process = world.nodes[id]?.process;
    if (process !== undefined) process.phase = 'removed';
    loseLeader(cluster, 'crash');
  }
  settle(world);
  return noContent;
}

export function autopilotState({ cluster }: Context): Response {
  return cluster.autopilot.state === undefined ? errors(404) : data(cluster.autopilot.state);
}

export function autopilotConfiguration({ cluster }: Context): Response {
  return data(autopilotConfigurationOf(cluster));
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Zero and absent values leave what is there. */
export function configureAutopilot({ world, cluster, body }: Context): Response {
  const current = autopilotConfigurationOf(cluster);
  const duration = (field: keyof AutopilotConfiguration): string => {
    const ms = durationMs(textOf(body[field]));
    return ms === 0 ? String(current[field]) : goDuration(ms);
  };
  const changed: AutopilotConfiguration = {
    cleanup_dead_servers: (body['cleanup_dead_servers'] ?? current.cleanup_dead_servers) === true,
    dead_server_last_contact_threshold: duration('dead_server_last_contact_threshold'),
    last_contact_threshold: duration('last_contact_threshold'),
    max_trailing_logs: Number(body['max_trailing_logs'] ?? 0) || current.max_trailing_logs,
    min_quorum: Number(body['min_quorum'] ?? 0) || current.min_quorum,
    server_stabilization_time: duration('server_stabilization_time'),
  };
  if (changed.cleanup_dead_servers && changed.min_quorum < 3) {
    const found = `cleanup_dead_servers: true, min_quorum: 0x${changed.min_quorum.toString(16)}`;
    return errors(
      400,
      `min_quorum must be set when cleanup_dead_servers is set and it should at least be 3; ${found}`,
    );
  }
  commit(world, cluster, { [keys.autopilot]: changed });
  return noContent;
}
