import { readFileSync } from 'node:fs';
import { durationMs } from '../model/autopilot.ts';
import type { InitRequest, NodeSettings } from '../model/state.ts';

/** A JSON configuration, or several merged, as far as the model looks at it. */
interface Configuration {
  readonly storage?: { readonly raft?: RaftStorage };
  readonly listener?: readonly { readonly tcp?: Listener }[];
  readonly seal?: readonly { readonly static?: { readonly current_key?: string } }[];
  readonly service_registration?: { readonly kubernetes?: unknown };
  readonly initialize?: readonly Readonly<Record<string, InitBlock>>[];
  readonly api_addr?: string;
  readonly cluster_addr?: string;
}

interface RaftStorage {
  readonly path?: string;
  readonly node_id?: string;
  readonly performance_multiplier?: string | number;
  readonly autopilot_reconcile_interval?: string;
  readonly autopilot_update_interval?: string;
  readonly retry_join?: readonly { readonly leader_api_addr?: string }[];
  readonly retry_join_as_non_voter?: boolean;
}

export interface Listener {
  readonly address?: string;
  readonly tls_disable?: boolean | string;
  readonly tls_cert_file?: string;
  readonly tls_key_file?: string;
}

interface InitBlock {
  readonly request?: readonly Readonly<
    Record<
      string,
      { operation?: string; path?: string; data?: Record<string, unknown>; allow_failure?: boolean }
    >
  >[];
}

/** All that a server is told by its configuration files and its environment, which wins. */
export interface ServerConfiguration {
  readonly id: string;
  readonly dataFolder: string;
  readonly listeners: readonly Listener[];
  readonly labelsPod: boolean;
  readonly settings: NodeSettings;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws Error when a file cannot be read or lacks what a server needs */
export function readConfiguration(
  files: readonly string[],
  version: string,
  environment: Environment,
): ServerConfiguration {
  const merged = files
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Configuration)
    .reduce(merge, {});
  const raft = merged.storage?.raft ?? {};
  checkSeal(merged);
  const clusterAddress = environment['BAO_CLUSTER_ADDR'] ?? merged.cluster_addr;
  if (clusterAddress === undefined) throw new Error('Cluster address must be set when using raft storage');
  return {
    id: environment['BAO_RAFT_NODE_ID'] ?? raft.node_id ?? needed(undefined, 'node_id'),
    dataFolder: environment['BAO_RAFT_PATH'] ?? needed(raft.path, 'path'),
    listeners: (merged.listener ?? []).flatMap(({ tcp }) => tcp ?? []),
    labelsPod: merged.service_registration?.kubernetes !== undefined,
    settings: {
      version,
      apiAddress: environment['BAO_API_ADDR'] ?? needed(merged.api_addr, 'api_addr'),
      clusterAddress: clusterAddress.replace(/^https?:\/\//, ''),
      retryJoin: (raft.retry_join ?? []).flatMap(({ leader_api_addr }) => leader_api_addr ?? []),
      joinAsNonVoter:
        raft.retry_join_as_non_voter === true || Boolean(environment['BAO_RAFT_RETRY_JOIN_AS_NON_VOTER']),
      initialize: merged.initialize === undefined ? undefined : initRequests(merged.initialize),
      // Measured: 6 of 11 starts of 2.5.5 founded a second cluster, none of 2.4.4.
      initializeRace: /^2\.[0-4]\./.test(version) ? 'joins' : 'founds',
      performanceMultiplier: Number(raft.performance_multiplier ?? 5),
      reconcileInterval: durationMs(raft.autopilot_reconcile_interval ?? '10s'),
      updateInterval: durationMs(raft.autopilot_update_interval ?? '2s'),
    },
  };
}

function merge(first: Configuration, second: Configuration): Configuration {
  const initialize = [...(first.initialize ?? []), ...(second.initialize ?? [])];
  return { ...first, ...second, ...(initialize.length === 0 ? {} : { initialize }) };
}

/** The key of a static seal must be there and 32 bytes long, or a real server would not start. */
function checkSeal({ seal = [] }: Configuration): void {
  const key = seal.flatMap((each) => each.static?.current_key ?? [])[0] ?? '';
  if (!key.startsWith('file://')) return;
  const { length } = readFileSync(key.slice('file://'.length));
  if (![32, 43, 44, 64].includes(length)) {
    throw new Error(
      `error configuring seal: unknown key length ${length} (the key of a static seal has 32 bytes)`,
    );
  }
}

function initRequests(stanzas: NonNullable<Configuration['initialize']>): readonly InitRequest[] {
  return stanzas
    .flatMap((stanza) => Object.values(stanza))
    .flatMap(({ request = [] }) => request)
    .flatMap((each) => Object.entries(each))
    .map(([name, { operation = 'update', path = '', data = {}, allow_failure = false }]) => ({
      name,
      operation,
      path,
      data,
      allowFailure: allow_failure,
    }));
}

function needed(value: string | undefined, field: string): string {
  if (value === undefined) throw new Error(`the configuration has no ${field}`);
  return value;
}
