import { canCommit, commit, participates } from './replication.ts';
import { clusterOf, type Cluster, type Node, type RaftServer, type World } from './state.ts';
import { keys, nonVotersOf, serversOf } from './storage.ts';
import { atLeast } from './versions.ts';

/**
 * The cluster that would let the node in now: one whose active node can commit, behind an address it asks. Before 2.6
 * that address must be the active node's (docs/facts/openbao-2.6-measured.md, section 1).
 */
export function leaderToJoin(world: World, node: Node): Cluster | undefined {
  return node.settings.retryJoin
    .flatMap((address) => Object.values(world.nodes).filter((other) => isAt(other, address)))
    .filter((other) => other.id !== node.id && participates(other) && other.process?.phase === 'unsealed')
    .filter((other) => atLeast(node, '2.6.0') || clusterOf(world, other)?.active === other.id)
    .map((other) => clusterOf(world, other))
    .find((cluster) => cluster?.active !== undefined && !node.cut && canCommit(world, cluster));
}

/** An API address with or without the closing slash. */
function isAt(node: Node, address: string): boolean {
  return node.settings.apiAddress.replace(/\/$/, '') === address.replace(/\/$/, '');
}

/**
 * Lets a node with an empty disk in. An id and address that are known already stay as they are: a voter is a voter
 * at once, with an empty log (docs/facts/openbao.md, fact 8).
 */
export function admitJoiner(world: World, cluster: Cluster, node: Node): void {
  node.disk = { cluster: cluster.key, lastIndex: 0, appliedIndex: 0, broken: false };
  delete cluster.autopilot.lastEcho[node.id];
  const servers = serversOf(cluster);
  const changed = withJoiner(servers, node);
  if (changed !== servers) commit(world, cluster, { [keys.servers]: changed });
  const flagged = nonVotersOf(cluster);
  if (node.settings.joinAsNonVoter && !flagged.includes(node.id)) {
    commit(world, cluster, { [keys.nonVoters]: [...flagged, node.id] });
  }
}

function withJoiner(servers: readonly RaftServer[], { id, settings }: Node): readonly RaftServer[] {
  const address = settings.clusterAddress;
  const known = servers.find((server) => server.id === id);
  if (known?.address === address) return servers;
  if (known !== undefined)
    return servers.map((server) => (server.id === id ? { ...server, address } : server));
  // Another id at this address is taken for the same machine.
  return [...servers.filter((server) => server.address !== address), { id, address, voter: false }];
}
