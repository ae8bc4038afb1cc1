import type { Context } from './context.ts';
import { data, errors, noContent, wrapped, type Response } from './http.ts';
import { hex, uuid } from './random.ts';
import { commit } from './replication.ts';
import { clusterOf, nodeOf, type Cluster, type Node, type World } from './state.ts';
import { keysBelow, read } from './storage.ts';
import { atLeast, canForward } from './versions.ts';

/**
 * Namespaces, of which from 2.6 on some are sealable: their keys lie in the memory of each process alone
 * (docs/facts/openbao-2.6-measured.md, section 4).
 */
interface Namespace {
  readonly uuid: string;
  readonly id: string;
  /** Of a sealable one, the single share of its key. */
  readonly key?: string;
}

const prefix = 'namespace/';
/** Milliseconds between two exchanges of keys of a standby with the active node. */
const interval = 15_000;
/** Milliseconds from a standby's unsealing, or from a new active node, until it has them: 2.8 to 3.2 s after a start. */
const firstExchange = 2200;

export const namespacePath = /^((?:[^/]+\/)*)sys\/namespaces\/([^/]+)$/;
export const namespaceCall = (call: string) =>
  new RegExp(String.raw`^((?:[^/]+\/)*)sys\/namespaces\/([^/]+)\/${call}$`);

/** Whole, without a slash at its end. */
function pathOf({ path }: Context): string {
  const [, parents = '', name = ''] = /^((?:[^/]+\/)*)sys\/namespaces\/([^/]+)/.exec(path) ?? [];
  return `${parents}${name}`;
}

const namespaceAt = (cluster: Cluster, path: string, index?: number) =>
  read(cluster, prefix + path, index) as Namespace | undefined;

const holds = ({ process }: Node, { uuid: id }: Namespace): boolean =>
  process?.namespaceKeys.includes(id) === true;

/** One that this node has no keys of, and in which the path lies. */
function sealedAbove({ cluster, node, path, index }: Context): boolean {
  return keysBelow(cluster, prefix, index).some((key) => {
    const namespace = namespaceAt(cluster, key.slice(prefix.length), index);
    return (
      path.startsWith(`${key.slice(prefix.length)}/`) &&
      namespace?.key !== undefined &&
      !holds(node, namespace)
    );
  });
}

/** What lies in a sealed namespace cannot be reached. */
export const sealedAnswer = (context: Context): Response | undefined =>
  sealedAbove(context) ? errors(503, 'namespace is sealed') : undefined;

/** All there are, but for those below one that is sealed. */
export function scanNamespaces(context: Context): Response {
  const { cluster, index } = context;
  const paths = keysBelow(cluster, prefix, index)
    .map((key) => key.slice(prefix.length))
    .filter((path) => !sealedAbove({ ...context, path }));
  // Unlike other lists (docs/facts/openbao-2.6-measured.md, section 4).
  if (paths.length === 0) return data({});
  return data({
    keys: paths.map((path) => `${path}/`),
    key_info: Object.fromEntries(paths.map((path) => [`${path}/`, fields(cluster, path)])),
  });
}

function fields(cluster: Cluster, path: string): Readonly<Record<string, unknown>> {
  const { uuid: own, id } = namespaceAt(cluster, path) ?? {};
  return { uuid: own, id, path: `${path}/`, tainted: false, locked: false, custom_metadata: {} };
}

export function createNamespace(context: Context): Response {
  const { world, cluster, node, body } = context;
  const path = pathOf(context);
  const isSealable = typeof body['seal'] === 'string' && atLeast(node, '2.6.0');
  const created: Namespace = {
    uuid: uuid(world),
    id: hex(world, 6),
    ...(isSealable ? { key: hex(world, 66) } : {}),
  };
  commit(world, cluster, { [prefix + path]: created });
  const shares = created.key === undefined ? {} : { key_shares: [created.key], key_threshold: 1 };
  return data({ ...fields(cluster, path), ...shares });
}

export function namespaceSealStatus(context: Context): Response {
  const { cluster, node, index } = context;
  const path = pathOf(context);
  if (!atLeast(node, '2.6.0')) return wrapped(404, 'unsupported path');
  const namespace = namespaceAt(cluster, path, index);
  if (namespace === undefined) return wrapped(500, `namespace "${path}/" doesn't exist`);
  if (namespace.key === undefined) return wrapped(400, 'namespace is not sealable');
  return data({
    type: 'shamir',
    initialized: true,
    sealed: !holds(node, namespace),
    t: 1,
    n: 1,
    progress: 0,
    nonce: '',
  });
}

/** On the active node, to which standbys pass it on. */
export function unsealNamespace(context: Context): Response {
  const { world, cluster, node, body } = context;
  const namespace = namespaceAt(cluster, pathOf(context));
  if (namespace?.key === undefined) return wrapped(400, 'namespace is not sealable');
  if (body['key'] !== namespace.key) return wrapped(400, 'invalid key');
  give(node, [namespace.uuid]);
  // The exchanges went on while there was nothing to pass on.
  for (const each of Object.values(world.nodes)) {
    const { process } = each;
    if (process?.keysAt === undefined) continue;
    while (process.keysAt <= world.now) process.keysAt += interval;
  }
  return namespaceSealStatus(context);
}

export function sealNamespace(context: Context): Response {
  const { world, cluster } = context;
  const namespace = namespaceAt(cluster, pathOf(context));
  if (namespace?.key === undefined) return wrapped(400, 'namespace is not sealable');
  for (const { process } of Object.values(world.nodes)) {
    if (process !== undefined)
      process.namespaceKeys = process.namespaceKeys.filter((each) => each !== namespace.uuid);
  }
  return noContent;
}

function give({ process }: Node, ids: readonly string[]): void {
  if (process !== undefined) process.namespaceKeys = [...new Set([...process.namespaceKeys, ...ids])];
}

/** A standby connects to the active node: keys are exchanged soon, and then every 15 s. */
export function connects(world: World, { process }: Node): void {
  if (process !== undefined) process.keysAt = world.now + firstExchange;
}

/** When keys are exchanged next; undefined while nobody has any. */
export function namespacesDue(world: World): number | undefined {
  const running = Object.values(world.nodes).flatMap(({ process }) => process ?? []);
  if (!running.some(({ namespaceKeys }) => namespaceKeys.length > 0)) return undefined;
  const times = running.flatMap(({ phase, keysAt }) => (phase === 'unsealed' ? (keysAt ?? []) : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Both give what the other lacks. */
export function namespacesFire(world: World): void {
  for (const node of Object.values(world.nodes)) {
    const { process } = node;
    if (process?.keysAt === undefined || process.keysAt > world.now || process.phase !== 'unsealed') continue;
    while (process.keysAt <= world.now) process.keysAt += interval;
    const active = clusterOf(world, node)?.active;
    const other = active === undefined || active === node.id ? undefined : nodeOf(world, active);
    if (other === undefined || other.cut || node.cut || !canForward(node, other)) continue;
    const before = process.namespaceKeys;
    give(node, other.process?.namespaceKeys ?? []);
    give(other, before);
  }
}
