import { activate } from './activation.ts';
import type { Outside } from './context.ts';
import { lead, settle } from './election.ts';
import { serve } from './handle.ts';
import type { Request } from './http.ts';
import { connects } from './namespaces.ts';
import { hex, uuid } from './random.ts';
import { commit } from './replication.ts';
import type { Cluster, InitRequest, Node, World } from './state.ts';
import { keys } from './storage.ts';
import { createToken, revokeToken, type Token } from './tokens.ts';
import { atLeast } from './versions.ts';

/** Logging in is no part of an initialization. */
const nobody: Outside = { verify: () => ({ error: 'no tokens are verified during initialization' }) };

/** Founds a cluster with this node as its only voter and carries out the stanza's requests as root. */
export function initialize(world: World, node: Node): void {
  const { process } = node;
  if (process === undefined) return;
  const cluster = found(world, node);
  process.phase = 'unsealed';
  process.unsealedAt = world.now;
  connects(world, node);
  lead(world, cluster, node, world.now);
  cluster.activeAt = undefined;
  activate(world, cluster);
  const root = createToken(world, cluster, {
    policies: ['root'],
    displayName: 'root',
    path: 'auth/token/root',
    meta: null,
    ttl: 0,
  });
  if (!carryOut(world, cluster, node, root)) {
    // The process ends; from 2.5.3 on it never unseals this disk again.
    if (node.disk !== undefined) node.disk.broken = true;
    node.process = undefined;
    settle(world);
    return;
  }
  // Up to 2.5 the root token is left alive, unless the stanza itself revokes it.
  if (atLeast(node, '2.6.0')) revokeToken(world, cluster, root);
}

function found(world: World, node: Node): Cluster {
  const key = `cluster-${Object.keys(world.clusters).length + 1}`;
  const cluster: Cluster = {
    key,
    term: 0,
    lastIndex: 0,
    storage: {},
    leader: node.id,
    leaderSince: world.now,
    active: undefined,
    activeSince: world.now,
    activeAt: undefined,
    electionAt: undefined,
    leaseEndsAt: undefined,
    named: undefined,
    lastLoss: 'none',
    autopilot: {
      reconcileAt: undefined,
      updateAt: undefined,
      lastEcho: {},
      stableSince: {},
      state: undefined,
    },
    leadershipChanges: 0,
  };
  world.clusters[key] = cluster;
  node.disk = { cluster: key, lastIndex: 0, appliedIndex: 0, broken: false };
  commit(world, cluster, {
    [keys.servers]: [{ id: node.id, address: node.settings.clusterAddress, voter: true }],
    [keys.identity]: { id: uuid(world), name: `vault-cluster-${hex(world, 8)}` },
    [keys.nonVoters]: [],
  });
  return cluster;
}

function carryOut(world: World, cluster: Cluster, node: Node, root: Token): boolean {
  return (node.settings.initialize ?? []).every((each) => {
    const reply = serve(world, cluster, node, each.path, asRequest(each, root), nobody);
    return each.allowFailure || (reply.status >= 200 && reply.status < 300);
  });
}

const methods: Readonly<Record<string, Request['method']>> = {
  read: 'GET',
  list: 'LIST',
  delete: 'DELETE',
  create: 'POST',
  update: 'POST',
};

function asRequest({ operation, path, data }: InitRequest, root: Token): Request {
  return { method: methods[operation] ?? 'POST', path: `/v1/${path}`, token: root.id, body: data };
}
