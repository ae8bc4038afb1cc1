import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';

/** Milliseconds a call may take, connecting and reading included, unless the caller says otherwise. */
const defaultTimeoutMs = 10_000;

/** A page of 500 of the largest objects that lists usually hold (pods, about 20 KB each) is 10 MB. */
const maxResponseBytes = 64 * 1024 * 1024;

/** What kubectl and client-go ask for at a time. */
const pageSize = 500;

/**
 * The API server refused a call, or could not be reached.
 *
 * `message` names the call and what the server said.
 */
export class ApiError extends Error {
  readonly code = 'KUBERNETES_API_ERROR';
  /** The HTTP status; 0 when no whole answer came. */
  readonly status: number;
  /**
   * `metav1.Status.reason`, such as `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`;
   * empty when the server gave none; `Unreachable` or `Timeout` with status 0.
   */
  readonly reason: string;
  /** Seconds the server asks the caller to wait before the next try. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    {
      status,
      reason,
      retryAfterSeconds,
    }: { status: number; reason: string; retryAfterSeconds?: number | undefined },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Whether the error says that the object is not there. */
export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** Whether the error says that somebody else was faster: the object exists already, or has changed since it was read. */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

export interface CallOptions {
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Ends the call early. The time-out holds beside it. */
  readonly signal?: AbortSignal | undefined;
  /** Default 10 000. */
  readonly timeoutMs?: number | undefined;
}

export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's address, with its leading slash; each name in it already URI-encoded. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body. Default `application/json`; for PATCH `application/merge-patch+json`. */
  readonly contentType?: string | undefined;
}

export interface ApplyOptions extends CallOptions {
  /** Under which name the API server remembers the fields as ours. */
  readonly fieldManager: string;
  /** Whether to take over fields that another manager holds; otherwise a conflict is a 409. */
  readonly force?: boolean | undefined;
}

/**
 * The Kubernetes API as JSON in, JSON out: no field is dropped on the way.
 * Each method throws ApiError.
 */
export interface KubernetesClient {
  request<T>(call: Call): Promise<T>;
  /** The object, or undefined when it is not there (404). */
  get<T>(path: string, options?: CallOptions): Promise<T | undefined>;
  /** Every item of a collection, page after page. Items of a list carry no `apiVersion` and `kind`. */
  list<T>(path: string, options?: CallOptions): Promise<readonly T[]>;
  create<T>(path: string, body: unknown, options?: CallOptions): Promise<T>;
  /** PUT: the object becomes `body`. With `metadata.resourceVersion` in it, only if nobody changed it since. */
  update<T>(path: string, body: unknown, options?: CallOptions): Promise<T>;
  /** Server-side apply. Creates the object when it is not there, unless `body` has a `metadata.uid`. */
  apply<T>(path: string, body: unknown, options: ApplyOptions): Promise<T>;
  /** Deletes one object. `body` may be DeleteOptions, for example with `preconditions`. */
  remove<T = unknown>(path: string, options?: CallOptions & { readonly body?: unknown }): Promise<T>;
  /** Waits for calls under way, then closes the connections. */
  close(): Promise<void>;
}

/**
 * Connects as the kubeconfig says; without one, as `KUBECONFIG`, `~/.kube/config` or the pod's
 * service account say, in this order. Nothing is sent before the first call.
 *
 * @throws Error when there is no usable configuration
 */
export function connect(options: { readonly kubeconfig?: string | undefined } = {}): KubernetesClient {
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig has no current context with a cluster');
  const connections = keepConnections(config);
  const server = cluster.server.replace(/\/+$/, '');

  const call = async <T>(wanted: Call): Promise<T> => {
    const { dispatcher, headers } = await connections.current().catch((error: unknown) => {
      const { message } = error as Error;
      throw unreachable(wanted, `no credentials: ${message}`, error);
    });
    return send<T>(wanted, server, dispatcher, headers);
  };

  return {
    request: call,
    async get<T>(path: string, callOptions?: CallOptions) {
      try {
        return await call<T>({ method: 'GET', path, ...callOptions });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: (path, callOptions) => list(call, path, callOptions),
    create: (path, body, callOptions) => call({ method: 'POST', path, body, ...callOptions }),
    update: (path, body, callOptions) => call({ method: 'PUT', path, body, ...callOptions }),
    apply: (path, body, { fieldManager, force = false, query, ...callOptions }) =>
      call({
        method: 'PATCH',
        path,
        body,
        contentType: 'application/apply-patch+yaml', // JSON is YAML
        query: { ...query, fieldManager, force: String(force) },
        ...callOptions,
      }),
    remove: (path, callOptions) => call({ method: 'DELETE', path, ...callOptions }),
    close: () => connections.close(),
  };
}

interface Page<T> {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly T[] | null;
}

async function list<T>(
  call: <R>(wanted: Call) => Promise<R>,
  path: string,
  { query, ...options }: CallOptions = {},
): Promise<readonly T[]> {
  const read = (more: Record<string, string>) =>
    call<Page<T>>({ method: 'GET', path, query: { ...query, ...more }, ...options });
  const items: T[] = [];
  let next: string | undefined;
  do {
    const position: Record<string, string> = next === undefined ? {} : { continue: next };
    let page: Page<T>;
    try {
      page = await read({ limit: String(pageSize), ...position });
    } catch (error) {
      // The server forgot the version that the first page was of: read everything at once, as client-go's pager does.
      if (next === undefined || !(error instanceof ApiError && error.status === 410)) throw error;
      return (await read({})).items ?? [];
    }
    items.push(...(page.items ?? []));
    next = page.metadata?.continue;
  } while (next !== undefined && next !== '');
  return items;
}

interface Connections {
  /** The connections to use now, and the headers that say who calls. */
  current(): Promise<{ dispatcher: Dispatcher; headers: Record<string, string> }>;
  close(): Promise<void>;
}

/**
 * One pool of kept-alive connections for all calls: KubeConfig itself would make a new one for each.
 *
 * KubeConfig is asked before every call, because it reads the token and the CA file again (service account
 * tokens live for an hour) and starts credential plugins. When CA or client certificate have changed, a new pool
 * replaces the old, which ends after its last call.
 */
function keepConnections(config: KubeConfig): Connections {
  let pool: { readonly dispatcher: Dispatcher; readonly identity: Identity } | undefined;
  return {
    async current() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const identity = identityOf(options);
      if (pool === undefined || !isDeepStrictEqual(pool.identity, identity)) {
        void pool?.dispatcher.close();
        pool = { dispatcher: createDispatcher(config, identity), identity };
      }
      return { dispatcher: pool.dispatcher, headers: headersOf(options) };
    },
    async close() {
      await pool?.dispatcher.close();
      pool = undefined;
    },
  };
}

type Identity = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

/** Whom the connections trust and as whom they present themselves. */
function identityOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): Identity {
  const fields = Object.entries({ ca, cert, key, servername, rejectUnauthorized });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as Identity;
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const own: Record<string, string> = { accept: 'application/json', 'user-agent': 'rollguard' };
  if (typeof auth === 'string') own['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  for (const [name, value] of Object.entries(headers ?? {})) own[name.toLowerCase()] = String(value).trim();
  return own;
}

function createDispatcher(config: KubeConfig, identity: Identity): Dispatcher {
  const options = {
    allowH2: false, // The API server would choose HTTP/2, where one stalled connection holds up every call.
    connections: 16,
    keepAliveTimeout: 60_000,
    maxResponseSize: maxResponseBytes,
  };
  // 30 s keeps idle connections alive through load balancers, which drop them after 60.
  const connection = { keepAlive: true, keepAliveInitialDelay: 30_000 };
  const proxy = config.getCurrentCluster()?.proxyUrl;
  if (proxy === undefined) return new Agent({ ...options, connect: { ...identity, ...connection } });
  if (!proxy.startsWith('http'))
    throw new Error(`the proxy ${proxy} is not supported: only HTTP and HTTPS are`);
  return new ProxyAgent({ ...options, uri: proxy, requestTls: { ...identity, ...connection } });
}

async function send<T>(
  wanted: Call,
  server: string,
  dispatcher: Dispatcher,
  headers: Record<string, string>,
  isRepeat = false,
): Promise<T> {
  const { method, path, query, body, contentType, signal, timeoutMs = defaultTimeoutMs } = wanted;
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  const timeout = AbortSignal.timeout(timeoutMs);
  const defaultType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  let status: number;
  let retryAfter: string;
  let text: string;
  try {
    const answer = await request(`${server}${path}${search}`, {
      method,
      dispatcher,
      headers: body === undefined ? headers : { ...headers, 'content-type': contentType ?? defaultType },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    status = answer.statusCode;
    retryAfter = String(answer.headers['retry-after'] ?? '');
    text = await answer.body.text();
  } catch (error) {
    if (timeout.aborted) throw unreachable(wanted, `no answer within ${timeoutMs} ms`, error, 'Timeout');
    // The server may close a kept-alive connection just as we use it; reading again harms nobody.
    if (method === 'GET' && !isRepeat && wasDropped(error) && signal?.aborted !== true)
      return send(wanted, server, dispatcher, headers, true);
    throw unreachable(wanted, (error as Error).message, error);
  }
  if (status < 200 || status > 299) throw refused(wanted, status, text, retryAfter);
  try {
    return JSON.parse(text) as T;
  } catch {
    // Not even as the cause: the parser's message quotes the text, which may be a Secret.
    const message = `${method} ${path}: the server answered ${status} with something that is not JSON`;
    throw new ApiError(message, { status, reason: '' });
  }
}

const wasDropped = (error: unknown) =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');

function unreachable({ method, path }: Call, what: string, cause: unknown, reason = 'Unreachable'): ApiError {
  return new ApiError(`${method} ${path}: ${what}`, { status: 0, reason }, { cause });
}

/** Reads the server's `metav1.Status`; proxies in between answer with any text. */
function refused({ method, path }: Call, status: number, text: string, retryAfter: string): ApiError {
  let said: { reason?: unknown; message?: unknown; details?: { retryAfterSeconds?: unknown } } = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    said = { message: text.slice(0, 300).trim() };
  }
  const reason = typeof said.reason === 'string' ? said.reason : '';
  const message = typeof said.message === 'string' ? said.message : '';
  const seconds = Number(said.details?.retryAfterSeconds ?? (retryAfter === '' ? NaN : retryAfter));
  return new ApiError(
    `${method} ${path}: ${[String(status), reason, message].filter((word) => word !== '').join(' ')}`,
    {
      status,
      reason,
      retryAfterSeconds: Number.isFinite(seconds) ? seconds : undefined,
    },
  );
}
