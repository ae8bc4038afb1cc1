import type { Readable } from 'node:stream';
import { SchemaViolation } from '../../api/parse.ts';
import type { RaftConfiguration } from '../../core/model/observation.ts';
import { jwtAuth } from '../../core/model/names.ts';
import { printable } from '../../core/model/printable.ts';
import * as answers from './answers.ts';
import { OpenBaoError } from './error.ts';
import {
  openBaoTransport,
  type CallOptions,
  type OpenBaoAddress,
  type OpenBaoCall,
  type OpenBaoTransport,
  type Upload,
} from './request.ts';

export { OpenBaoError } from './error.ts';
export type { CallOptions, OpenBaoAddress, Upload } from './request.ts';
export type { AutopilotState, JwtConfig } from './answers.ts';

/**
 * One OpenBao server's HTTP API. Each call goes to that very server: a redirect to another one is an
 * error (WrongNode), never followed. Each method throws OpenBaoError.
 */
export interface OpenBaoNode {
  readonly pod: string;
  /** Answers in every state, without a token. */
  health(options?: CallOptions): Promise<answers.Health>;
  /** Without a token; throws Sealed while sealed. The indexes are this node's own. */
  leader(options?: CallOptions): Promise<answers.LeaderStatus>;
  /** At auth/jwt-operator. A login writes to Raft: keep the token. */
  login(role: string, jwt: string, options?: CallOptions): Promise<answers.Login>;
  /** Membership as this node sees it: only the leader's counts (docs/facts/openbao.md, section 4). */
  raftConfiguration(token: string, options?: CallOptions): Promise<RaftConfiguration>;
  autopilotState(token: string, options?: CallOptions): Promise<answers.AutopilotState>;
  autopilotConfiguration(token: string, options?: CallOptions): Promise<answers.AutopilotConfiguration>;
  /** Whether autopilot removes dead servers; what else is configured stays. */
  setDeadServerCleanup(token: string, enabled: boolean, options?: CallOptions): Promise<void>;
  /** Every version that was ever active on this data. */
  versionHistory(token: string, options?: CallOptions): Promise<readonly string[]>;
  /** Every namespace that this node knows, those below sealed ones not; from 2.6 on, sealable ones too. */
  namespaces(token: string, options?: CallOptions): Promise<readonly answers.ListedNamespace[]>;
  /**
   * Whether this very node is without the keys of a sealable namespace; from 2.6 on.
   *
   * @param path whole, without a slash at its end
   * @returns undefined for a namespace that is not sealable
   */
  isNamespaceSealed(token: string, path: string, options?: CallOptions): Promise<boolean | undefined>;
  /** What the token may do, by path. */
  capabilities(
    token: string,
    paths: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, readonly string[]>>;
  /** How tokens are checked at auth/jwt-operator. */
  jwtConfig(token: string, options?: CallOptions): Promise<answers.JwtConfig>;
  /** Replaces the whole of it. */
  writeJwtConfig(
    token: string,
    fields: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<void>;
  /** Gives a token back. */
  revokeSelf(token: string, options?: CallOptions): Promise<void>;
  /** Asks this node, which leads, to hand over. It answers before it does; no effect may be seen for 0.6 s. */
  stepDown(token: string, options?: CallOptions): Promise<void>;
  /**
   * Takes an id off the list of permanent non-voters; autopilot then gives it its vote, at its next round.
   *
   * @returns whether it stood there: a voter, an unknown id and one promoted before do not
   */
  promote(token: string, id: string, options?: CallOptions): Promise<boolean>;
  /**
   * Puts an id on that list, also an unknown one. Autopilot takes its vote at its next round, the leader's when it
   * leads no more; fails for an id that is on the list.
   */
  demote(token: string, id: string, options?: CallOptions): Promise<void>;
  /** Also succeeds for an id that is not there: read the membership before and after. */
  removePeer(token: string, id: string, options?: CallOptions): Promise<void>;
  /**
   * Replaces all data by a Raft snapshot. It answers before it is done, and what goes wrong then only its log
   * says: read back. With `force` it does not ask whether its own key opens it; with another key it then seals
   * itself for good.
   */
  restore(
    token: string,
    snapshot: Upload,
    options?: CallOptions & { readonly force?: boolean | undefined },
  ): Promise<void>;
  /**
   * A Raft snapshot, a gzipped tar. The status says nothing about its end: verify it. The time-out holds until
   * its first byte; then it fails when it stands still for 30 s.
   */
  snapshot(token: string, options?: CallOptions): Promise<Readable>;
  /** Waits for calls under way, then closes the connections. */
  close(): Promise<void>;
}

/** Connects to one server. Nothing is sent before the first call. */
export function connectOpenBao(address: OpenBaoAddress): OpenBaoNode {
  const transport = openBaoTransport(address);
  const { pod } = transport;
  const read = readerOf(transport);
  const change = async (what: string, token: string, id: string, options?: CallOptions) => {
    const path = `sys/storage/raft/${what}`;
    await transport.call({ method: 'POST', path, body: { server_id: id }, token, ...options });
  };
  return {
    pod,
    health: (options) =>
      read(answers.parseHealth, { method: 'GET', path: 'sys/health', accept: healthStatuses, ...options }),
    leader: (options) => read(answers.parseLeaderStatus, { method: 'GET', path: 'sys/leader', ...options }),
    login: (role, jwt, options) =>
      read(answers.parseLogin, {
        method: 'POST',
        path: `auth/${jwtAuth.mount}/login`,
        body: { role, jwt },
        secrets: [jwt],
        ...options,
      }),
    async raftConfiguration(token, options) {
      const call = { method: 'GET', path: 'sys/storage/raft/configuration', token, ...options } as const;
      return { readFrom: pod, servers: await read(answers.parseRaftServers, call) };
    },
    autopilotState: (token, options) =>
      read(answers.parseAutopilotState, {
        method: 'GET',
        path: 'sys/storage/raft/autopilot/state',
        token,
        ...options,
      }),
    autopilotConfiguration: (token, options) =>
      read(answers.parseAutopilotConfiguration, {
        method: 'GET',
        path: 'sys/storage/raft/autopilot/configuration',
        token,
        ...options,
      }),
    async setDeadServerCleanup(token, enabled, options) {
      const path = 'sys/storage/raft/autopilot/configuration';
      await transport.call({
        method: 'POST',
        path,
        body: { cleanup_dead_servers: enabled },
        token,
        ...options,
      });
    },
    versionHistory: (token, options) =>
      read(answers.parseVersionHistory, {
        // As good as LIST, which proxies and Node.js' own server do not know.
        method: 'GET',
        path: 'sys/version-history?list=true',
        token,
        ...options,
      }),
    namespaces: (token, options) =>
      read(answers.parseNamespaces, {
        // As good as SCAN, which proxies and Node.js' own server do not know.
        method: 'GET',
        path: 'sys/namespaces?scan=true',
        token,
        accept: [404],
        ...options,
      }),
    async isNamespaceSealed(token, path, options) {
      try {
        const call = { method: 'GET', path: sealStatusPath(path), token, ...options } as const;
        return await read(answers.parseNamespaceSealed, call);
      } catch (error) {
        if (!(error instanceof OpenBaoError)) throw error;
        // Below one that is sealed, or the whole node is: there are no keys either way.
        if (error.reason === 'Sealed') return true;
        if (error.reason === 'Invalid' && error.message.includes('namespace is not sealable'))
          return undefined;
        throw error;
      }
    },
    capabilities: (token, paths, options) =>
      read(answers.parseCapabilities, {
        method: 'POST',
        path: 'sys/capabilities-self',
        body: { paths },
        token,
        ...options,
      }),
    jwtConfig: (token, options) =>
      read(answers.parseJwtConfig, { method: 'GET', path: jwtConfigPath, token, ...options }),
    async writeJwtConfig(token, fields, options) {
      await transport.call({ method: 'POST', path: jwtConfigPath, body: fields, token, ...options });
    },
    async revokeSelf(token, options) {
      await transport.call({ method: 'POST', path: 'auth/token/revoke-self', token, ...options });
    },
    async stepDown(token, options) {
      await transport.call({ method: 'PUT', path: 'sys/step-down', token, ...options });
    },
    demote: (token, id, options) => change('demote', token, id, options),
    removePeer: (token, id, options) => change('remove-peer', token, id, options),
    async promote(token, id, options) {
      try {
        await change('promote', token, id, options);
        return true;
      } catch (error) {
        // The one answer that says so (docs/facts/openbao-measured.md, section 7).
        if (error instanceof OpenBaoError && error.message.includes('server is not a non-voter'))
          return false;
        throw error;
      }
    },
    async restore(token, upload, { force = false, ...options } = {}) {
      const path = `sys/storage/raft/snapshot${force ? '-force' : ''}`;
      await transport.call({ method: 'POST', path, upload, token, ...options });
    },
    snapshot: (token, options) =>
      transport.stream({ method: 'GET', path: 'sys/storage/raft/snapshot', token, ...options }),
    close: () => transport.close(),
  };
}

/** Its parent is asked about it (docs/facts/openbao-2.6-measured.md, section 4). */
function sealStatusPath(path: string): string {
  const names = path.split('/').map(encodeURIComponent);
  const parents = names.slice(0, -1).map((name) => `${name}/`);
  return `${parents.join('')}sys/namespaces/${names.at(-1)}/seal-status`;
}

const jwtConfigPath = `auth/${jwtAuth.mount}/config`;

/** Active, standby, the two of other editions, not initialized, sealed: each with the same body. */
const healthStatuses = [429, 472, 473, 501, 503];

type Read = <T>(parse: (body: unknown, status: number) => T, call: OpenBaoCall) => Promise<T>;

const readerOf =
  (transport: OpenBaoTransport): Read =>
  async (parse, call) => {
    const { status, body } = await transport.call(call);
    try {
      return parse(withoutNull(body), status);
    } catch (error) {
      if (!(error instanceof SchemaViolation)) throw error;
      const version = await versionOf(transport, call);
      const message = `${call.method} ${call.path}: ${status} with an answer of another shape: ${error.message} (${version})`;
      throw new OpenBaoError(message, { reason: 'Malformed', pod: transport.pod, status });
    }
  };

/** Go writes a list, map or pointer that is none as null: it is absent. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== 'object' || value === null) return value;
  const present = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(present.map(([key, each]) => [key, withoutNull(each)]));
}

/** What answers in a shape that we do not know, in words: of the shape the version is the likeliest cause. */
async function versionOf(transport: OpenBaoTransport, { timeoutMs, signal }: OpenBaoCall): Promise<string> {
  try {
    const call = { method: 'GET', path: 'sys/health', accept: healthStatuses, timeoutMs, signal } as const;
    const { body } = await transport.call(call);
    const version = (body as { readonly version?: unknown } | undefined)?.version;
    if (typeof version === 'string') return `OpenBao ${printable(version)}`;
  } catch (error) {
    if (!(error instanceof OpenBaoError)) throw error;
  }
  return 'of a version that it does not say';
}
