import { withoutLastSlashes } from '../../core/model/slashes.ts';
import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import { defined } from '../../api/object-fields.ts';

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
  /** Asks for another representation than `application/json`. */
  readonly accept?: string | undefined;
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

interface ApplyOptions extends CallOptions {
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

interface StreamOptions extends Omit<CallOptions, 'timeoutMs'> {
  /** Milliseconds without a byte, the head of the answer included, after which it counts as dead. */
  readonly inactivityMs: number;
}

/** A client that can also read answers which do not end. */
export interface StreamingClient extends KubernetesClient {
  /**
   * A GET whose answer is read as it comes, each on a connection of its own, beside those of the calls.
   * The bytes must be read, or the signal raised. Both this call and the reading throw ApiError.
   */
  stream(path: string, options: StreamOptions): Promise<AsyncIterable<Buffer>>;
  /** Waits for calls under way, ends the streams, then closes the connections. */
  close(): Promise<void>;
}

/** A call that has ended. */
export interface AnsweredCall {
  readonly method: Call['method'];
  /** Host and port of the API server. */
  readonly host: string;
  /** The HTTP status; 0 when no whole answer came. */
  readonly status: number;
}

interface ConnectOptions {
  readonly kubeconfig?: string | undefined;
  /** Told of each call at its end, and of each stream at its beginning. */
  readonly onAnswer?: ((call: AnsweredCall) => void) | undefined;
}

/**
 * Connects as the kubeconfig says; without one, as `KUBECONFIG`, `~/.kube/config` or the pod's
 * service account say, in this order. Nothing is sent before the first call.
 *
 * @throws Error when there is no usable configuration
 */
export function connect(options: ConnectOptions = {}): StreamingClient {
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig has no current context with a cluster');
  const connections = keepConnections(config);
  const server = withoutLastSlashes(cluster.server);

  const current = (wanted: Wanted) =>
    connections.current().catch((error: unknown) => {
      const { message } = error as Error;
      throw unreachable(wanted, `no credentials: ${message}`, error);
    });
  const { host } = new URL(server);
  const answered = async <T>(method: Call['method'], answer: Promise<T>): Promise<T> => {
    const tell = (status: number) => options.onAnswer?.({ method, host, status });
    try {
      const value = await answer;
      tell(200);
      return value;
    } catch (error) {
      tell(error instanceof ApiError ? error.status : 0);
      throw error;
    }
  };
  const call = async <T>(wanted: Call): Promise<T> => {
    const { calls, headers } = await current(wanted);
    return answered(wanted.method, send<T>(wanted, server, calls, headers));
  };

  return {
    request: call,
    async stream(path, streamOptions) {
      const { streams, headers } = await current({ method: 'GET', path });
      return answered('GET', open(path, streamOptions, server, streams, headers));
    },
    async get<T>(path: string, callOptions?: CallOptions) {
      try {
        return await call<T>({ method: 'GET', path, ...callOptions });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: async <T>(path: string, callOptions?: CallOptions) =>
      (await readCollection<T>({ request: call }, path, callOptions)).items,
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
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
  readonly items?: readonly T[] | null;
}

/** What a list answered. */
interface Collection<T> {
  readonly items: readonly T[];
  /** The version of the whole collection, from which a watch goes on. */
  readonly resourceVersion: string;
}

/**
 * Every item of a collection, page after page, with its version.
 *
 * @param each makes what is kept of an item, page by page. It is given the apiVersion and kind of the list,
 *   because items carry none.
 */
export async function readCollection<T, Kept = T>(
  client: Pick<KubernetesClient, 'request'>,
  path: string,
  { query, ...options }: CallOptions = {},
  each: (item: T, list: { readonly apiVersion?: string; readonly kind?: string }) => Kept = (item) =>
    item as unknown as Kept,
): Promise<Collection<Kept>> {
  const read = (more: Record<string, string>) =>
    client.request<Page<T>>({ method: 'GET', path, query: { ...query, ...more }, ...options });
  const items: Kept[] = [];
  let next: string | undefined;
  let resourceVersion = '';
  do {
    const position: Record<string, string> = defined({ continue: next });
    let page: Page<T>;
    try {
      page = await read({ limit: String(pageSize), ...position });
    } catch (error) {
      // The server forgot the version that the first page was of: read everything at once, as client-go's pager does.
      if (next === undefined || !(error instanceof ApiError && error.status === 410)) throw error;
      page = await read({});
      items.length = 0;
    }
    for (const item of page.items ?? []) items.push(each(item, page));
    next = page.metadata?.continue;
    resourceVersion = page.metadata?.resourceVersion ?? '';
  } while (next !== undefined && next !== '');
  return { items, resourceVersion };
}

interface Connections {
  /** The connections to use now, for calls and for streams, and the headers that say who calls. */
  current(): Promise<{ calls: Dispatcher; streams: Dispatcher; headers: Record<string, string> }>;
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
  let pool:
    { readonly calls: Dispatcher; readonly streams: Dispatcher; readonly identity: Identity } | undefined;
  return {
    async current() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const identity = identityOf(options);
      if (pool === undefined || !isDeepStrictEqual(pool.identity, identity)) {
        void pool?.calls.close();
        void pool?.streams.close();
        pool = {
          calls: createDispatcher(config, identity, { connections: 16, maxResponseSize: maxResponseBytes }),
          streams: createDispatcher(config, identity, { connections: null }),
          identity,
        };
      }
      return { calls: pool.calls, streams: pool.streams, headers: headersOf(options) };
    },
    async close() {
      await Promise.all([pool?.calls.close(), pool?.streams.destroy()]);
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

function createDispatcher(
  config: KubeConfig,
  identity: Identity,
  limits: { readonly connections: number | null; readonly maxResponseSize?: number },
): Dispatcher {
  const options = {
    allowH2: false, // The API server would choose HTTP/2, where one stalled connection holds up every call.
    keepAliveTimeout: 60_000,
    ...limits,
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
  const { method, path, query, body, contentType, accept, signal, timeoutMs = defaultTimeoutMs } = wanted;
  const timeout = AbortSignal.timeout(timeoutMs);
  const defaultType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  let status: number;
  let retryAfter: string;
  let text: string;
  try {
    const answer = await request(`${server}${path}${search(query)}`, {
      method,
      dispatcher,
      headers: {
        ...headers,
        ...defined({ accept }),
        ...(body === undefined ? {} : { 'content-type': contentType ?? defaultType }),
      },
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

const search = (query: CallOptions['query']) =>
  query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;

async function open(
  path: string,
  { query, signal, accept, inactivityMs }: StreamOptions,
  server: string,
  dispatcher: Dispatcher,
  headers: Record<string, string>,
): Promise<AsyncIterable<Buffer>> {
  const wanted: Wanted = { method: 'GET', path };
  try {
    const {
      statusCode,
      headers: received,
      body,
    } = await request(`${server}${path}${search(query)}`, {
      dispatcher,
      headers: { ...headers, ...defined({ accept }) },
      headersTimeout: inactivityMs,
      bodyTimeout: inactivityMs,
      signal: signal ?? null,
    });
    if (statusCode === 200) return readable(wanted, body, inactivityMs);
    throw refused(wanted, statusCode, await body.text(), String(received['retry-after'] ?? ''));
  } catch (error) {
    throw error instanceof ApiError ? error : brokenOff(wanted, error, inactivityMs);
  }
}

async function* readable(
  wanted: Wanted,
  body: AsyncIterable<Buffer>,
  inactivityMs: number,
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw brokenOff(wanted, error, inactivityMs);
  }
}

function brokenOff(wanted: Wanted, error: unknown, inactivityMs: number): ApiError {
  const isTimeout = ['UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
  return isTimeout
    ? unreachable(wanted, `nothing came for ${inactivityMs} ms`, error, 'Timeout')
    : unreachable(wanted, (error as Error).message, error);
}

const wasDropped = (error: unknown) =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');

type Wanted = Pick<Call, 'method' | 'path'>;

function unreachable(
  { method, path }: Wanted,
  what: string,
  cause: unknown,
  reason = 'Unreachable',
): ApiError {
  return new ApiError(`${method} ${path}: ${what}`, { status: 0, reason }, { cause });
}

/** Reads the server's `metav1.Status`; proxies in between answer with any text. */
function refused({ method, path }: Wanted, status: number, text: string, retryAfter: string): ApiError {
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
