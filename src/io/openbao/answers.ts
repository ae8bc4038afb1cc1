import { defined } from '../../api/object-fields.ts';
import { parser } from '../../api/parse.ts';
import type { RaftServer } from '../../core/model/observation.ts';

/**
 * The parts of OpenBao's answers that we read, as measured (docs/facts/openbao-measured.md, section 8). A server may
 * leave out what is false, zero or empty, and some releases do (docs/facts/openbao-2.6-measured.md, 0.3): a field is
 * required only where an answer without it would say nothing. What is new passes unread.
 */

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const index = { type: 'integer', minimum: 0 } as const;
const texts = { type: 'array', items: text } as const;
const object = <P extends object>(properties: P, required: readonly (keyof P & string)[]) =>
  ({ type: 'object', required, properties }) as const;

/** GET sys/health. What the body leaves out its status says. */
export interface Health {
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Also true of a leader in the 10 s after its step-down. */
  readonly standby: boolean;
  readonly version: string;
  /** Absent while sealed. */
  readonly cluster_id?: string;
  /** The server's clock, in whole seconds since the epoch. */
  readonly server_time_utc?: number;
}

type HealthBody = Partial<Health> & Pick<Health, 'version'>;

const parseHealthBody = parser<HealthBody>(
  object(
    {
      initialized: flag,
      sealed: flag,
      standby: flag,
      version: text,
      cluster_id: text,
      server_time_utc: { type: 'integer' },
    },
    ['version'],
  ),
  'health',
);

/** @param status of the answer: 501 not initialized, 503 sealed, 200 active, any other a standby */
export function parseHealth(body: unknown, status: number): Health {
  const isNew = status === 501;
  const said = parseHealthBody(body);
  return {
    ...said,
    initialized: said.initialized ?? !isNew,
    sealed: said.sealed ?? (isNew || status === 503),
    standby: said.standby ?? status !== 200,
  };
}

/** GET sys/leader. An absent field means no more than false, none or empty. */
export interface LeaderStatus {
  readonly is_self?: boolean;
  /** Empty or absent in an election; of the dead one for a while after a crash. */
  readonly leader_address?: string;
  readonly leader_cluster_address?: string;
  /** This node's own last log index. */
  readonly raft_committed_index?: number;
  /** The last entry this node applied. */
  readonly raft_applied_index?: number;
  /** Since when it leads, where it does. */
  readonly active_time?: string;
}

export const parseLeaderStatus = parser<LeaderStatus>(
  object(
    {
      is_self: flag,
      leader_address: text,
      leader_cluster_address: text,
      raft_committed_index: index,
      raft_applied_index: index,
      active_time: text,
    },
    [],
  ),
  'leader',
);

/** A token and how long it lives. */
export interface Login {
  readonly token: string;
  readonly leaseSeconds: number;
}

const parseAuth = parser<{
  readonly auth: { readonly client_token: string; readonly lease_duration?: number };
}>(
  object({ auth: object({ client_token: text, lease_duration: index }, ['client_token']) }, ['auth']),
  'login',
);

export function parseLogin(body: unknown): Login {
  const { auth } = parseAuth(body);
  return { token: auth.client_token, leaseSeconds: auth.lease_duration ?? 0 };
}

const raftServer = object({ node_id: text, address: text, leader: flag, voter: flag }, ['node_id']);

const parseRaft = parser<{
  readonly data: {
    readonly config: {
      readonly servers: readonly (Partial<Omit<RaftServer, 'id'>> & { readonly node_id: string })[];
    };
  };
}>(
  object(
    {
      data: object({ config: object({ servers: { type: 'array', items: raftServer } }, ['servers']) }, [
        'config',
      ]),
    },
    ['data'],
  ),
  'raft configuration',
);

export const parseRaftServers = (body: unknown): readonly RaftServer[] =>
  parseRaft(body).data.config.servers.map(({ node_id: id, address = '', voter = false, leader = false }) => ({
    id,
    address,
    voter,
    leader,
  }));

/**
 * GET sys/storage/raft/autopilot/state: what the leader's autopilot thinks, up to one update behind. Whom it calls
 * healthy says nothing about being caught up (docs/facts/openbao-measured.md, 0.3), and is wrong in a mix of versions
 * (docs/facts/openbao-2.6-measured.md, section 2): it is not read.
 */
export interface AutopilotState {
  readonly servers?: Readonly<Record<string, AutopilotServer>>;
}

interface AutopilotServer {
  /**
   * What autopilot is to make of it: non-voter for those on its list, also for a leader that still votes; voter for
   * one that joined just now (docs/facts/openbao-measured.md, sections 2 and 3).
   */
  readonly node_type?: string;
}

const autopilotServer = object({ node_type: text }, []);

const parseState = parser<{ readonly data: AutopilotState }>(
  object({ data: object({ servers: { type: 'object', additionalProperties: autopilotServer } }, []) }, [
    'data',
  ]),
  'autopilot state',
);

export const parseAutopilotState = (body: unknown): AutopilotState => parseState(body).data;

/** GET sys/storage/raft/autopilot/configuration. */
export interface AutopilotConfiguration {
  /** Whether it removes servers that were away for long. */
  readonly cleanup_dead_servers: boolean;
}

const parseConfiguration = parser<{ readonly data: Partial<AutopilotConfiguration> }>(
  object({ data: object({ cleanup_dead_servers: flag }, []) }, ['data']),
  'autopilot configuration',
);

export const parseAutopilotConfiguration = (body: unknown): AutopilotConfiguration => ({
  cleanup_dead_servers: parseConfiguration(body).data.cleanup_dead_servers ?? false,
});

const parseKeys = parser<{ readonly data: { readonly keys: readonly string[] } }>(
  object({ data: object({ keys: texts }, ['keys']) }, ['data']),
  'version history',
);

export const parseVersionHistory = (body: unknown): readonly string[] => parseKeys(body).data.keys;

/** One namespace, as the list of all of them names it. */
export interface ListedNamespace {
  /** Whole, without a slash at its end. */
  readonly path: string;
  /** Never given to another one; absent where the answer leaves it out. */
  readonly uuid?: string;
  /** Whether it is being deleted. */
  readonly tainted: boolean;
}

const parseNamespaceKeys = parser<{
  readonly data: {
    readonly keys?: readonly string[];
    readonly key_info?: Readonly<Record<string, { readonly uuid?: string; readonly tainted?: boolean }>>;
  };
}>(
  object(
    {
      data: object(
        {
          keys: texts,
          key_info: { type: 'object', additionalProperties: object({ uuid: text, tainted: flag }, []) },
        },
        [],
      ),
    },
    ['data'],
  ),
  'list of namespaces',
);

/** @param status of the answer: where there is none, 200 without keys, or 404 without an error as other lists have */
export function parseNamespaces(body: unknown, status: number): readonly ListedNamespace[] {
  const { errors } = (body ?? {}) as { readonly errors?: unknown };
  if (status === 404 && Array.isArray(errors) && errors.length === 0) return [];
  const { keys = [], key_info: info = {} } = parseNamespaceKeys(body).data;
  return keys.map((key) => {
    const { uuid, tainted = false } = info[key] ?? {};
    return { path: key.replace(/\/$/, ''), tainted, ...defined({ uuid }) };
  });
}

const parseNamespaceSealStatus = parser<{ readonly data: { readonly sealed?: boolean } }>(
  object({ data: object({ sealed: flag }, []) }, ['data']),
  'seal status of a namespace',
);

/** GET sys/namespaces/NAME/seal-status: whether this node has no keys of it. */
export const parseNamespaceSealed = (body: unknown): boolean =>
  parseNamespaceSealStatus(body).data.sealed ?? false;

const parsePaths = parser<{ readonly data: Readonly<Record<string, readonly string[]>> }>(
  object({ data: { type: 'object', additionalProperties: texts } }, ['data']),
  'capabilities',
);

export const parseCapabilities = (body: unknown): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(parsePaths(body).data));

/** GET auth/jwt-operator/config. */
export interface JwtConfig {
  /** PEM, trimmed. */
  readonly publicKeys: readonly string[];
  readonly issuer: string;
  /** From where OpenBao itself reads the keys; empty when it is given them. */
  readonly keysFrom: string;
  /** All of it: what is written replaces the whole. */
  readonly fields: Readonly<Record<string, unknown>>;
}

interface JwtFields {
  readonly jwt_validation_pubkeys?: readonly string[];
  readonly bound_issuer?: string;
  readonly jwks_url?: string;
  readonly oidc_discovery_url?: string;
}

const parseJwtFields = parser<{ readonly data: JwtFields & Readonly<Record<string, unknown>> }>(
  object(
    {
      data: object(
        { jwt_validation_pubkeys: texts, bound_issuer: text, jwks_url: text, oidc_discovery_url: text },
        [],
      ),
    },
    ['data'],
  ),
  'JWT configuration',
);

export function parseJwtConfig(body: unknown): JwtConfig {
  const fields = parseJwtFields(body).data;
  const {
    jwt_validation_pubkeys: keys = [],
    bound_issuer: issuer = '',
    jwks_url,
    oidc_discovery_url,
  } = fields;
  return {
    publicKeys: keys.map((key) => key.trim()),
    issuer,
    keysFrom: (jwks_url ?? '') === '' ? (oidc_discovery_url ?? '') : (jwks_url ?? ''),
    fields,
  };
}
