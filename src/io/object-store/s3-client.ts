import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { Agent, request, type Dispatcher } from 'undici';
import { defined } from '../../api/object-fields.ts';
import type { StoreLimits } from './contract.ts';
import { answerError, transportError } from './s3-errors.ts';
import { s3Url, type S3Location } from './s3-location.ts';
import { guardAgainstStall, untilAborted, type StallGuard } from './stall-guard.ts';
import { StoreError } from './store-error.ts';

interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Without it, the call is about the bucket. */
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

interface S3Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body, read to its end. */
  readonly text: string;
}

/** Signed calls to one bucket. Each throws StoreError, or the reason of its signal. */
export interface S3Client {
  /** One call with a short answer; tried again where that can help. */
  send(call: S3Call): Promise<S3Answer>;
  /** One call whose answer is read piece by piece; it is sent when it is first read. */
  stream(call: S3Call): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

/** No answer but an object's content is longer. */
const maxAnswerBytes = 4 * 1024 * 1024;
/** So that a body shows its progress before all of it is sent. */
const sliceBytes = 64 * 1024;
/** Milliseconds before each further try. */
const pausesMs = [250, 1000];
/** Answers of a store that is busy or restarting. */
const passing = new Set([429, 500, 502, 503, 504]);

type Answered = Dispatcher.ResponseData;

export function connectS3(location: S3Location, ca: string | undefined, limits: StoreLimits): S3Client {
  const agent = new Agent({
    allowH2: false,
    connect: { timeout: limits.connectMs, ...defined({ ca }) },
    // The guards below judge each call by what moves in either direction.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  async function ask(call: S3Call, guard: StallGuard): Promise<Answered> {
    const { method, body } = call;
    const { url, headers } = await sign(call, location);
    const asked = request(url, {
      dispatcher: agent,
      method,
      headers,
      signal: guard.signal,
      ...(body === undefined ? {} : { body: Readable.from(slices(body, guard), { objectMode: false }) }),
    });
    // While a connection is being made, undici does not look at the signal.
    return untilAborted(asked, guard.signal);
  }

  function guarded(call: S3Call): StallGuard {
    const what = `the store at ${location.endpoint.origin} moved no byte for ${limits.stallMs / 1000} s during ${nameOf(call)}`;
    return guardAgainstStall(limits.stallMs, () => new StoreError('Stalled', what), call.signal);
  }

  async function attempt(call: S3Call): Promise<S3Answer & { readonly status: number }> {
    const guard = guarded(call);
    try {
      const { statusCode, headers, body } = await ask(call, guard);
      return { status: statusCode, headers, text: await readText(body, guard) };
    } catch (error) {
      throw transportError(error, location, guard.signal);
    } finally {
      guard.end();
    }
  }

  return {
    async send(call) {
      for (let tries = 0; ; tries += 1) {
        const pauseMs = pausesMs[tries];
        try {
          const answer = await attempt(call);
          if (answer.status < 300 && !isError(answer.text)) return answer;
          if (pauseMs === undefined || !passing.has(answer.status)) {
            throw answerError(answer, nameOf(call), location);
          }
        } catch (error) {
          if (pauseMs === undefined || !mayRepeat(call, error)) throw error;
        }
        await delay(pauseMs, undefined, defined({ signal: call.signal }));
      }
    },
    async *stream(call) {
      const guard = guarded(call);
      try {
        const { statusCode, headers, body } = await ask(call, guard);
        if (statusCode >= 300) {
          const answer = { status: statusCode, headers, text: await readText(body, guard) };
          throw answerError(answer, nameOf(call), location);
        }
        yield* pieces(body, guard);
      } catch (error) {
        throw transportError(error, location, guard.signal);
      } finally {
        guard.end();
      }
    },
    close: () => agent.destroy(),
  };
}

/** A lost answer to a POST may have begun an upload that nobody would end. */
const mayRepeat = ({ method }: S3Call, error: unknown) =>
  method !== 'POST' && error instanceof StoreError && error.reason === 'Unreachable';

/** The end of a multipart upload may fail after its 200. */
const isError = (text: string) => /^(<\?xml[^>]*>)?\s*<Error>/.test(text);

const nameOf = ({ method, key, query = {} }: S3Call): string =>
  [method, key ?? 'the bucket', Object.keys(query).length === 0 ? '' : `(${Object.keys(query).join(', ')})`]
    .filter((part) => part !== '')
    .join(' ');

async function sign(
  { method, key, query, body }: S3Call,
  location: S3Location,
): Promise<{ readonly url: URL; readonly headers: Record<string, string> }> {
  const signer = new AwsV4Signer({
    method,
    url: s3Url(location, key, query).href,
    service: 's3',
    region: location.region,
    ...location.credentials,
    // The store checks the body against this sum.
    headers: {
      'x-amz-content-sha256': createHash('sha256')
        .update(body ?? '')
        .digest('hex'),
    },
  });
  const { url, headers } = await signer.sign();
  const length = body === undefined ? {} : { 'content-length': String(body.byteLength) };
  return { url, headers: { ...Object.fromEntries(headers), ...length } };
}

async function* slices(body: Uint8Array, guard: StallGuard): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.byteLength; start += sliceBytes) {
    yield body.subarray(start, start + sliceBytes);
    guard.progressed();
  }
}

async function* pieces(body: Answered['body'], guard: StallGuard): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    // The reader's time is not the store's.
    guard.pause();
    yield chunk as Buffer;
    guard.progressed();
  }
}

async function readText(body: Answered['body'], guard: StallGuard): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of pieces(body, guard)) {
    size += chunk.byteLength;
    if (size > maxAnswerBytes) throw new StoreError('Refused', 'the store sent an answer without end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
