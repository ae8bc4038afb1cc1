import { errors, hangs, json, refused, wrapped, type Answer, type Request, type Response } from './http.ts';
import { allows, operationOf } from './policy.ts';
import type { Context, Outside } from './context.ts';
import { canCommit } from './replication.ts';
import { answer, routeOf, type Route } from './routes.ts';
import { clusterOf, nodeOf, type Cluster, type Node, type World } from './state.ts';
import { health, isMember, isSealed, leader, sealStatus } from './status-routes.ts';
import { rulesOf, tokenOf } from './tokens.ts';
import { atLeast, canForward, servesReadsAsStandby } from './versions.ts';

/**
 * Answers a request to a node's API as of `world.now`. `hangs` means: not yet; ask again later, or give up
 * as the client would.
 */
export function handle(world: World, id: string, request: Request, outside: Outside): Answer {
  const node = nodeOf(world, id);
  if (node.cut || node.process?.phase === 'removed') return hangs;
  if (!listens(node)) return refused;
  const path = request.path.replace(/^\/v1\//, '');
  const own = answerOfItsOwn(world, node, path, request);
  if (own !== undefined) return own;
  const cluster = clusterOf(world, node);
  if (cluster === undefined || isSealed(node)) return errors(503, 'Vault is sealed');
  if (cluster.active === id) return serve(world, cluster, node, path, request, outside);
  return answerAsStandby(world, cluster, node, path, request, outside);
}

function listens({ process }: Node): boolean {
  return process !== undefined && ['joining', 'sealed', 'unsealed'].includes(process.phase);
}

/** What every node says of itself, sealed or not. */
function answerOfItsOwn(world: World, node: Node, path: string, request: Request): Response | undefined {
  switch (path) {
    case 'sys/health':
      return health(world, node, request);
    case 'sys/leader':
      return leader(world, node);
    case 'sys/seal-status':
      return sealStatus(world, node);
    case 'sys/init':
      return json(200, { initialized: node.disk !== undefined });
    default:
      return undefined;
  }
}

function answerAsStandby(
  world: World,
  cluster: Cluster,
  node: Node,
  path: string,
  request: Request,
  outside: Outside,
): Answer {
  const reads = ['read', 'list', 'scan'].includes(operationOf(request));
  const { local } = routeOf(path);
  if ((reads || local === 'also updates') && servesReadsAsStandby(node) && local !== undefined) {
    return serve(world, cluster, node, path, request, outside);
  }
  const lost = isNotForwarded(node, path, reads);
  if (lost !== undefined) return lost;
  const active = cluster.active === undefined ? undefined : nodeOf(world, cluster.active);
  if (active !== undefined && isReached(world, cluster) && canForward(node, active)) {
    return serve(world, cluster, active, path, request, outside);
  }
  const named = cluster.named === undefined ? undefined : world.nodes[cluster.named];
  if (named === undefined) return errors(500, 'local node not active but active cluster node not found');
  return { status: 307, headers: { Location: `${named.settings.apiAddress}${request.path}` } };
}

/** Standbys need a moment to find a new active node. */
function isReached(world: World, cluster: Cluster): boolean {
  return cluster.leadershipChanges === 0 || world.now - cluster.activeSince >= world.timing.forwarding;
}

/** Calls that a standby of the first releases of 2.5 does not pass on (docs/facts/openbao.md, section 4). */
function isNotForwarded(node: Node, path: string, reads: boolean): Response | undefined {
  if (!servesReadsAsStandby(node)) return undefined;
  if (path === 'sys/step-down' && !atLeast(node, '2.5.4')) return { status: 204 };
  if (path.startsWith('sys/storage/raft/') && !reads && !atLeast(node, '2.5.2')) {
    return errors(500, 'raft storage autopilot is not initialized');
  }
  return undefined;
}

/** Serves at this node: the active one, or a standby that reads its own copy. */
export function serve(
  world: World,
  cluster: Cluster,
  node: Node,
  path: string,
  request: Request,
  outside: Outside,
): Answer {
  const index = cluster.active === node.id ? cluster.lastIndex : (node.disk?.appliedIndex ?? 0);
  const reads = ['read', 'list', 'scan'].includes(operationOf(request));
  // A write waits for a majority that holds it.
  if (!reads && !canCommit(world, cluster)) return hangs;
  const route = routeOf(path);
  const token = tokenOf(world, cluster, request.token, isMember(cluster, node.id) ? undefined : index);
  const body = isRecord(request.body) ? request.body : {};
  const context: Context = { world, cluster, node, index, request, path, body, token, outside };
  return refusal(route, context) ?? answer(route, context);
}

function refusal(route: Route, { cluster, index, token, path, request }: Context): Response | undefined {
  if (route.open === true) {
    const mount = path.split('/')[1] ?? '';
    return cluster.storage[`auth/${mount}`] === undefined ? errors(403, 'permission denied') : undefined;
  }
  if (token === undefined) return errors(403, 'permission denied');
  const rules = rulesOf(cluster, token, Math.max(index, 0));
  const wanted = operationOf(request);
  const allowed =
    allows(rules, path, wanted) ||
    (wanted === 'update' && allows(rules, path, 'create') && route.local !== undefined);
  const sudo = route.sudo !== true || allows(rules, path, 'sudo');
  return allowed && sudo ? undefined : wrapped(403, 'permission denied');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !Array.isArray(value)
  );
}
