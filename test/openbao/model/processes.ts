import { settle } from './election.ts';
import { clusterOf, nodeOf, type NodeSettings, type World } from './state.ts';
import { handOver } from './step-down.ts';

/** Starts a process on the node, with an empty disk the first time. */
export function start(world: World, id: string, settings: NodeSettings): void {
  const node = (world.nodes[id] ??= { id, settings, disk: undefined, process: undefined, cut: false });
  if (node.process !== undefined) throw new Error(`the model's node ${id} runs already`);
  node.settings = settings;
  node.process = {
    startedAt: world.now,
    phase: 'starting',
    until: world.now + world.timing.listen,
    joined: false,
    unsealedAt: undefined,
    startIndex: node.disk?.lastIndex,
    replicatesFrom: 0,
    applyAt: undefined,
    namespaceKeys: [],
    keysAt: undefined,
    blockedUntil: 0,
  };
  settle(world);
}

/** SIGTERM: a leader hands over, then the process exits, but never before its passive time is over. */
export function stop(world: World, id: string): void {
  const node = nodeOf(world, id);
  const { process } = node;
  if (process === undefined || process.phase === 'stopping') return;
  const cluster = clusterOf(world, node);
  if (cluster?.leader === id && !node.cut) handOver(world, cluster);
  process.phase = 'stopping';
  process.until = Math.max(world.now, process.blockedUntil) + world.timing.exit;
  settle(world);
}

/** SIGKILL. */
export function kill(world: World, id: string): void {
  nodeOf(world, id).process = undefined;
  settle(world);
}

/** Cuts the node off from its peers and its clients; a frozen process looks the same. */
export function cut(world: World, id: string): void {
  nodeOf(world, id).cut = true;
  settle(world);
}

/** Ends a cut. */
export function heal(world: World, id: string): void {
  nodeOf(world, id).cut = false;
  settle(world);
}

/** Empties the disk of a node that does not run. */
export function wipe(world: World, id: string): void {
  const node = nodeOf(world, id);
  if (node.process !== undefined)
    throw new Error(`the model's node ${id} runs: stop it before its disk is emptied`);
  node.disk = undefined;
  settle(world);
}
