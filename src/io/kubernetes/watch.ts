import type { KubernetesObject } from '../../api/kubernetes.ts';
import { ApiError, type CallOptions, type StreamingClient } from './kubernetes.ts';

/** What happened to an object; a BOOKMARK carries a resourceVersion and nothing else. */
export interface WatchEvent<T extends KubernetesObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface WatchOptions extends Pick<CallOptions, 'query' | 'accept' | 'signal'> {
  /** Events after this version of the collection. */
  readonly resourceVersion: string;
  /** Seconds after which the API server ends the watch in good order. */
  readonly timeoutSeconds: number;
  /** Milliseconds of silence after which the connection counts as dead. Bookmarks come about every minute. */
  readonly inactivityMs: number;
}

/** Names, labels, annotations and owners alone, without spec and status: `Accept` of a list and of a watch. */
export const metadataOnly = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
} as const;

/** An event carries one object, and etcd takes none above 1.5 MB; the API server may write it wider as JSON. */
const maxEventBytes = 16 * 1024 * 1024;

/**
 * Watches a collection, bookmarks included, until the server ends it, which it does without an error
 * after `timeoutSeconds`. The server is read no faster than the events are taken.
 *
 * @throws ApiError when it is refused or breaks off; with status 410 when the server has forgotten the version,
 *   so that the collection must be listed again
 */
export async function* watch<T extends KubernetesObject>(
  client: Pick<StreamingClient, 'stream'>,
  path: string,
  { resourceVersion, timeoutSeconds, query, ...options }: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const chunks = await client.stream(path, {
    ...options,
    query: {
      ...query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    },
  });
  for await (const line of linesOf(chunks, path)) {
    const event = parseEvent<T>(line, path);
    if (event !== undefined) yield event;
  }
}

/** Lines without their end, as bytes: a character may be cut in two between chunks. An unfinished last one is dropped. */
async function* linesOf(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]);
      [begun, size, from] = [[], 0, end + 1];
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > maxEventBytes) {
      throw failure(path, `an event is larger than ${maxEventBytes} bytes`, {
        status: 0,
        reason: 'Unreachable',
      });
    }
  }
}

interface Status {
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
}

function parseEvent<T extends KubernetesObject>(line: Buffer, path: string): WatchEvent<T> | undefined {
  if (line.length === 0) return undefined;
  let event: { readonly type?: string; readonly object?: unknown };
  try {
    event = JSON.parse(line.toString('utf8')) as typeof event;
  } catch {
    // The parser's message would quote the object, which may be a Secret.
    throw failure(path, 'the server sent an event that is not JSON', { status: 0, reason: 'Unreachable' });
  }
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return event as WatchEvent<T>;
    case 'ERROR': {
      const said = (event.object ?? {}) as Status;
      const status = typeof said.code === 'number' ? said.code : 500;
      const [reason, message] = [said.reason, said.message].map((word) =>
        typeof word === 'string' ? word : '',
      );
      throw failure(path, `${status} ${reason} ${message}`.trim(), { status, reason: reason ?? '' });
    }
    case undefined:
    default:
      return undefined; // A kind of event that is newer than us.
  }
}

const failure = (path: string, what: string, details: { status: number; reason: string }) =>
  new ApiError(`watch ${path}: ${what}`, details);
