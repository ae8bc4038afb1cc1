import { settle } from './election.ts';
import { admitJoiner, leaderToJoin } from './joining.ts';
import { connects } from './namespaces.ts';
import { initialize } from './self-init.ts';
import { clusterOf, type Node, type Process, type World } from './state.ts';
import { atLeast } from './versions.ts';

/** When the next process passes into its next phase. */
export function startupDue(world: World): number | undefined {
  const times = Object.values(world.nodes).flatMap(({ process }) => process?.until ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Moves every process on whose time has come. */
export function startupFires(world: World): void {
  for (const node of Object.values(world.nodes)) {
    const { process } = node;
    if (process?.until === undefined || process.until > world.now) continue;
    process.until = undefined;
    passOn(world, node, process);
    settle(world);
  }
}

function passOn(world: World, node: Node, process: Process): void {
  switch (process.phase) {
    case 'starting':
      return listens(world, node, process);
    case 'initializing':
      return initialize(world, node);
    case 'joining':
      return joins(world, node, process);
    case 'sealed':
      return unseals(world, node, process);
    case 'stopping':
      node.process = undefined;
      return;
    case 'unsealed':
    case 'removed':
  }
}

function listens(world: World, node: Node, process: Process): void {
  if (node.disk !== undefined) {
    enter(process, 'sealed', canUnseal(node) ? world.now + world.timing.unsealExisting : undefined);
  } else if (foundsCluster(world, node)) {
    // Followers elsewhere in the configuration make the first start wait for three election timeouts.
    enter(process, 'initializing', world.now + 1200 * node.settings.performanceMultiplier);
  } else {
    enter(process, 'joining', world.now + 200);
  }
}

function foundsCluster(world: World, node: Node): boolean {
  if (node.settings.initialize === undefined) return false;
  return node.settings.initializeRace === 'founds' || leaderToJoin(world, node) === undefined;
}

function joins(world: World, node: Node, process: Process): void {
  const cluster = leaderToJoin(world, node);
  if (cluster === undefined) {
    process.until = world.now + world.timing.joinRetry;
    return;
  }
  admitJoiner(world, cluster, node);
  process.joined = true;
  enter(process, 'sealed', world.now + world.timing.unsealJoined);
}

function unseals(world: World, node: Node, process: Process): void {
  enter(process, 'unsealed');
  process.unsealedAt = world.now;
  connects(world, node);
  const catchUp = process.joined ? 0 : process.startedAt + world.timing.catchUp;
  const led = clusterOf(world, node)?.leader !== undefined;
  process.replicatesFrom = led ? Math.max(world.now, catchUp) : world.now;
}

function canUnseal(node: Node): boolean {
  return !(node.disk?.broken === true && atLeast(node, '2.5.3'));
}

function enter(process: Process, phase: Process['phase'], until?: number): void {
  process.phase = phase;
  process.until = until;
}
