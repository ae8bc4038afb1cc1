import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Dispatcher } from 'undici';
import { defined } from '../../api/object-fields.ts';
import { answerReason, networkReason, OpenBaoError, saidIn } from './error.ts';

/** Milliseconds a call may take, connecting and reading included, unless the caller says otherwise. */
const defaultTimeoutMs = 5000;
/** A dial to a vanished address must not eat the whole deadline of a call. */
const connectTimeoutMs = 3000;
/** Milliseconds a stream may stand still. */
const streamIdleMs = 30_000;
/** Milliseconds after which a call that a quota refused is tried again: quotas count by the second, and say no time. */
const quotaPauseMs = 1000;
/** The longest answer read whole, autopilot/state of 100 members, is about 50 KB. */
const maxAnswerBytes = 1024 * 1024;

/** One server: where it is reached, and who it must be. */
export interface OpenBaoAddress {
  /** The pod's name, for messages. */
  readonly pod: string;
  /** `https://…` or `http://…`, by host name or by the pod's IP, without a path. */
  readonly url: string;
  /** The name its certificate must carry, when the URL has another one. */
  readonly servername?: string | undefined;
  /** PEM; the only CAs that are trusted. Needed for https. */
  readonly ca?: string | undefined;
}

export interface CallOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call early. The time-out holds beside it. */
  readonly signal?: AbortSignal | undefined;
}

export interface OpenBaoCall extends CallOptions {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Below `/v1/`. */
  readonly path: string;
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly upload?: Upload;
  /** Statuses to return beside 2xx, instead of throwing. */
  readonly accept?: readonly number[];
  /** Further texts that must not stand in a message. */
  readonly secrets?: readonly string[];
}

/** Bytes of a known length. */
export interface Upload {
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** A kept-alive connection to one server. */
export interface OpenBaoTransport {
  readonly pod: string;
  /** One after the other, each until its own deadline, waiting included. @throws OpenBaoError */
  call(call: OpenBaoCall): Promise<{ readonly status: number; readonly body: unknown }>;
  /**
   * The answer's body as it comes, on a connection of its own. The deadline holds until it begins.
   *
   * @throws OpenBaoError
   */
  stream(call: OpenBaoCall): Promise<Readable>;
  /** Waits for calls under way. */
  close(): Promise<void>;
}

export function openBaoTransport({ pod, url, servername, ca }: OpenBaoAddress): OpenBaoTransport {
  // One connection, not a pool, of which each holds 16 KB: three members in each of a thousand clusters.
  const dial = () =>
    new Client(url, {
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      connect: {
        timeout: connectTimeoutMs,
        // No CA given: nobody is trusted, rather than everybody whom Node.js trusts.
        ca: ca ?? [],
        ...defined({ servername }),
      },
    });
  const calls = dial();
  const streams = new Set<Client>();
  return {
    pod,
    call: (call) => pastQuota(call, (each) => send(calls, pod, each)),
    async stream(call) {
      const own = dial();
      streams.add(own);
      const end = () => {
        streams.delete(own);
        void own.destroy();
      };
      try {
        return (await pastQuota(call, (each) => begin(own, pod, each))).once('close', end);
      } catch (error) {
        end();
        throw error;
      }
    },
    close: async () => {
      await Promise.all([calls, ...streams].map((client) => client.close()));
    },
  };
}

/**
 * A quota on the root counts our calls, too (docs/facts/openbao-2.6-measured.md, 0.8). What it refused was not begun,
 * so it is tried again within the call's deadline; what is uploaded could not be sent a second time.
 */
async function pastQuota<T>(call: OpenBaoCall, once: (call: OpenBaoCall) => Promise<T>): Promise<T> {
  const end = performance.now() + (call.timeoutMs ?? defaultTimeoutMs);
  for (let attempt = call; ;) {
    try {
      return await once(attempt);
    } catch (error) {
      const isQuota = error instanceof OpenBaoError && error.reason === 'Quota';
      const timeoutMs = Math.ceil(end - performance.now() - quotaPauseMs);
      if (!isQuota || call.upload !== undefined || timeoutMs <= 0) throw error;
      await sleep(quotaPauseMs, undefined, defined({ signal: call.signal })).catch(() => {});
      if (call.signal?.aborted === true) throw error;
      attempt = { ...call, timeoutMs };
    }
  }
}

async function send(
  client: Client,
  pod: string,
  call: OpenBaoCall,
  isRepeat = false,
): Promise<{ status: number; body: unknown }> {
  const deadline = deadlineOf(call);
  let answer: Dispatcher.ResponseData;
  let text: string;
  try {
    answer = await client.request(requestOf(call, deadline.signal));
    text = await readBounded(answer.body, pod, call);
  } catch (error) {
    const failure = failed(pod, call, error, deadline);
    // A server may close a kept-alive connection just as it is used; reading again harms nobody.
    if (failure.reason === 'Reset' && call.method === 'GET' && !isRepeat && call.signal?.aborted !== true) {
      return send(client, pod, call, true);
    }
    throw failure;
  }
  const status = answer.statusCode;
  const isAccepted = (status >= 200 && status < 300) || call.accept?.includes(status) === true;
  if (!isAccepted) throw refused(pod, call, status, text, answer.headers['location']);
  if (text === '') return { status, body: undefined };
  try {
    return { status, body: JSON.parse(text) };
  } catch {
    // Not even as the cause: the parser's message quotes the text, which may hold a token.
    throw new OpenBaoError(`${named(call)}: it answered ${status} with something that is not JSON`, {
      reason: 'Malformed',
      pod,
      status,
    });
  }
}

async function begin(client: Client, pod: string, call: OpenBaoCall): Promise<Readable> {
  const { signal, timeoutMs = defaultTimeoutMs } = call;
  const deadline = { signal: signal ?? new AbortController().signal, timeoutMs, hasPassed: () => false };
  try {
    const answer = await client.request({
      ...requestOf(call, deadline.signal),
      headersTimeout: timeoutMs,
      bodyTimeout: streamIdleMs,
    });
    if (answer.statusCode === 200) return answer.body;
    const text = await readBounded(answer.body, pod, call);
    throw refused(pod, call, answer.statusCode, text, answer.headers['location']);
  } catch (error) {
    throw failed(pod, call, error, deadline);
  }
}

function requestOf(
  { method, path, token, body, upload, timeoutMs }: OpenBaoCall,
  signal: AbortSignal,
): Dispatcher.RequestOptions {
  if (upload !== undefined) {
    const bare = requestOf({ method, path, ...defined({ token }) }, signal);
    return {
      ...bare,
      headers: { ...bare.headers, 'content-length': String(upload.size) },
      body: Readable.from(upload.content),
      // The answer comes when all of it was sent and looked at; the call's own deadline holds.
      headersTimeout: timeoutMs ?? defaultTimeoutMs,
    };
  }
  return {
    method,
    path: `/v1/${path}`,
    headers: {
      accept: 'application/json',
      'user-agent': 'rollguard',
      ...defined({ 'x-vault-token': token }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal,
  };
}

interface Deadline {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  hasPassed(): boolean;
}

function deadlineOf({ signal, timeoutMs = defaultTimeoutMs }: OpenBaoCall): Deadline {
  const timeout = AbortSignal.timeout(timeoutMs);
  return {
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    timeoutMs,
    hasPassed: () => timeout.aborted,
  };
}

async function readBounded(body: Readable, pod: string, call: OpenBaoCall): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body, and the connection with it.
    if (size > maxAnswerBytes) {
      const what = `its answer is longer than ${maxAnswerBytes} bytes`;
      throw new OpenBaoError(`${named(call)}: ${what}`, { reason: 'TooLarge', pod });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const named = ({ method, path }: OpenBaoCall) => `${method} ${path}`;

function failed(pod: string, call: OpenBaoCall, error: unknown, deadline: Deadline): OpenBaoError {
  if (error instanceof OpenBaoError) return error;
  const reason = deadline.hasPassed() ? 'Timeout' : networkReason(error);
  const what = deadline.hasPassed() ? `no answer within ${deadline.timeoutMs} ms` : (error as Error).message;
  return new OpenBaoError(`${named(call)}: ${what}`, { reason, pod }, { cause: error });
}

function refused(
  pod: string,
  call: OpenBaoCall,
  status: number,
  text: string,
  location: string | readonly string[] | undefined,
): OpenBaoError {
  const reason = answerReason(status, text);
  const secrets = [...(call.token === undefined ? [] : [call.token]), ...(call.secrets ?? [])];
  const said =
    reason === 'WrongNode'
      ? `it is not the leader, or the leader has another version: it points to ${hostOf(String(location))}`
      : saidIn(text, secrets);
  const remedy =
    reason === 'Quota'
      ? '(a rate limit quota on the root counts these calls, too: raise its rate, see bao list sys/quotas/rate-limit, or add the path to rate_limit_exempt_paths at sys/quotas/config)'
      : '';
  const message = [`${named(call)}: ${status}`, said, remedy].filter((word) => word !== '').join(' ');
  return new OpenBaoError(message, { reason, pod, status });
}

const hostOf = (location: string) => saidIn(URL.parse(location)?.host ?? 'nowhere', []);
