/**
 * The model of OpenBao Raft clusters: its whole state, as plain data. `structuredClone` copies it,
 * `JSON.stringify` tells two states apart. Times are milliseconds since the epoch; nothing here reads a clock. What
 * it must show is in docs/facts/openbao.md and docs/facts/openbao-measured.md.
 */
export interface World {
  now: number;
  /** State of the random numbers, see random.ts. */
  random: number;
  readonly timing: Timing;
  /** By node id, which is the pod's name. */
  nodes: Record<string, Node>;
  /** By an inner name: `cluster_id` itself can change by a restore. A second one is a split brain. */
  clusters: Record<string, Cluster>;
}

/** Delays in milliseconds; the defaults are what was measured. */
export interface Timing {
  /** From a process's start until its listener answers. */
  readonly listen: number;
  /** Unsealing a node that has data. */
  readonly unsealExisting: number;
  /** Unsealing a node that has just joined: OpenBao's fixed retry. */
  readonly unsealJoined: number;
  /** Between two attempts to join. */
  readonly joinRetry: number;
  /** From the start of a restarted follower until entries reach it again: 1500 on a routed pod network, 10500 on a bridged one. */
  readonly catchUp: number;
  /** Until a follower applies the last entry it has, unless another entry comes first. */
  readonly apply: number;
  /** From being Raft's leader to being active. */
  readonly activation: number;
  /** A leadership transfer to a follower that replicates. */
  readonly transfer: number;
  /** The same when no follower does. */
  readonly slowTransfer: number;
  /** How long a node that stepped down stays passive, whatever happens. */
  readonly stepDownBlock: number;
  /** A process that was told to stop exits after. */
  readonly exit: number;
  /** Until followers have said their version to a new leader. */
  readonly firstEcho: number;
  /** Until standbys pass requests on to a new active node. */
  readonly forwarding: number;
  /** No active node while a snapshot is being restored. */
  readonly restore: number;
}

export const measuredTiming: Timing = {
  listen: 300,
  unsealExisting: 500,
  unsealJoined: 5000,
  joinRetry: 2000,
  catchUp: 1500,
  apply: 100,
  activation: 570,
  transfer: 60,
  slowTransfer: 2200,
  stepDownBlock: 10_000,
  exit: 700,
  firstEcho: 2500,
  forwarding: 150,
  restore: 5700,
};

/** What a node is started with: its binary's version and its configuration. */
export interface NodeSettings {
  readonly version: string;
  /** URL such as `https://bao-0.bao.ns.svc:8200`. */
  readonly apiAddress: string;
  /** Host and port of its Raft, such as `bao-0.bao.ns.svc:8201`. */
  readonly clusterAddress: string;
  /** API URLs it asks to be let in while its disk is empty. */
  readonly retryJoin: readonly string[];
  /** `retry_join_as_non_voter`. */
  readonly joinAsNonVoter: boolean;
  /** Requests of the `initialize` stanza; undefined without one. */
  readonly initialize?: readonly InitRequest[] | undefined;
  /**
   * With the stanza and an empty disk while a cluster runs: found a second one, or join. A race in 2.5
   * (docs/facts/openbao-measured.md, 0.2).
   */
  readonly initializeRace: 'founds' | 'joins';
  readonly performanceMultiplier: number;
  /** Milliseconds. */
  readonly reconcileInterval: number;
  readonly updateInterval: number;
}

export interface InitRequest {
  readonly name: string;
  readonly operation: string;
  readonly path: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly allowFailure: boolean;
}

export interface Node {
  readonly id: string;
  settings: NodeSettings;
  /** What lies on its disk; undefined when empty. */
  disk: Disk | undefined;
  process: Process | undefined;
  /** Cut off from its peers and from clients, or frozen. */
  cut: boolean;
}

export interface Disk {
  /** Inner name of its cluster. */
  readonly cluster: string;
  lastIndex: number;
  appliedIndex: number;
  /** Self-init failed half-way: from 2.5.3 on no later start unseals. */
  broken: boolean;
}

/**
 * - `starting`, `initializing`: not listening yet
 * - `joining`: answers 501
 * - `sealed`: answers 503
 * - `unsealed`: active or standby
 * - `stopping`: told to stop, answers no more
 * - `removed`: was removed while it led; hangs
 */
export type Phase = 'starting' | 'initializing' | 'joining' | 'sealed' | 'unsealed' | 'stopping' | 'removed';

export interface Process {
  readonly startedAt: number;
  phase: Phase;
  /** When the phase goes over into the next by itself. */
  until: number | undefined;
  /** Joined in this life, so its Raft runs before it is unsealed. */
  joined: boolean;
  unsealedAt: number | undefined;
  /** The last entry on the disk that it was started with; undefined when it was empty. */
  startIndex: number | undefined;
  /** Entries reach it from this time on. */
  replicatesFrom: number;
  /** When it applies the last entry it has. */
  applyAt: number | undefined;
  /** Of which sealable namespaces it has the keys, by their uuid. */
  namespaceKeys: readonly string[];
  /** When it next exchanges keys with the active node; undefined before its unsealing. */
  keysAt: number | undefined;
  /** End of the passive time after its step-down. */
  blockedUntil: number;
}

export interface Cluster {
  readonly key: string;
  term: number;
  lastIndex: number;
  /** Replicated storage: every version of a value with the log index that wrote it. */
  storage: Record<string, Version[]>;
  /** Raft's leader. */
  leader: string | undefined;
  leaderSince: number;
  /** The node that serves; trails the leader. */
  active: string | undefined;
  activeSince: number;
  /** When the leader becomes active. */
  activeAt: number | undefined;
  /** When the voters elect a leader. */
  electionAt: number | undefined;
  /** When a leader without quorum gives up. */
  leaseEndsAt: number | undefined;
  /** Whom `sys/leader` names: after a crash still the dead one. */
  named: string | undefined;
  /** How the last leader went, which says how long an election takes. */
  lastLoss: 'crash' | 'quorum' | 'handover' | 'none';
  autopilot: Autopilot;
  /** Leadership changes so far, the first election not counted. */
  leadershipChanges: number;
}

export interface Version {
  readonly index: number;
  /** undefined: deleted. */
  readonly value: unknown;
}

export interface Autopilot {
  reconcileAt: number | undefined;
  updateAt: number | undefined;
  /** By node id: when it last said that it is there. */
  lastEcho: Record<string, number>;
  /** By node id: since when it is healthy, or undefined while it is not. */
  stableSince: Record<string, number | undefined>;
  /** The body of `autopilot/state` as of the last update. */
  state: Readonly<Record<string, unknown>> | undefined;
}

/** A member in Raft's configuration, in the order of joining. */
export interface RaftServer {
  readonly id: string;
  readonly address: string;
  readonly voter: boolean;
}

/** An empty world. */
export function createWorld(now: number, seed = 1, timing: Partial<Timing> = {}): World {
  return { now, random: seed, timing: { ...measuredTiming, ...timing }, nodes: {}, clusters: {} };
}

/** The node of this id. */
export function nodeOf(world: World, id: string): Node {
  const node = world.nodes[id];
  if (node === undefined) throw new Error(`the model has no node ${id}`);
  return node;
}

/** The cluster whose data lies on the node's disk. */
export function clusterOf(world: World, node: Node): Cluster | undefined {
  return node.disk === undefined ? undefined : world.clusters[node.disk.cluster];
}
