import type { KubernetesObject } from '../../api/kubernetes.ts';
import { ApiError, readCollection, type StreamingClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { metadataOnly, watch, type WatchEvent } from '../../io/kubernetes/watch.ts';
import { backoffMs, type Backoff } from './backoff.ts';
import { objectCache, type Change, type ObjectCache } from './cache.ts';
import { sleep, systemClock, type Clock } from './clock.ts';
import { withoutManagedFields } from './trim.ts';

export interface InformerOptions<T extends KubernetesObject> {
  readonly client: Pick<StreamingClient, 'request' | 'stream'>;
  /** Of the collection, such as `/apis/apps/v1/statefulsets`: all namespaces, or one. */
  readonly path: string;
  readonly labelSelector?: string | undefined;
  /** Keeps names, labels, annotations and owners alone: other parts are not even sent. */
  readonly metadataOnly?: boolean | undefined;
  /** Makes what is kept of an object. Default `withoutManagedFields`. */
  readonly trim?: ((object: T) => T) | undefined;
  /** To which group an object belongs; see `inGroup`. */
  readonly groupOf?: ((object: T) => string | undefined) | undefined;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
  /** Between 0 and 1. */
  readonly random?: (() => number) | undefined;
  /** Between tries after failures. */
  readonly backoff?: Backoff | undefined;
  /** Seconds that one watch lasts, more or less a third. Default 450. */
  readonly watchSeconds?: number | undefined;
  /** Milliseconds of silence after which a watch counts as dead. Default 90 000: bookmarks come each minute. */
  readonly inactivityMs?: number | undefined;
}

/** A collection of the API server, held in memory and kept up to date for as long as it runs. */
export interface Informer<T extends KubernetesObject> extends Pick<
  ObjectCache<T>,
  'get' | 'values' | 'inGroup' | 'size'
> {
  readonly path: string;
  /** Resolves when the collection has been read once. Never rejects. */
  readonly synced: Promise<void>;
  isSynced(): boolean;
  /** Resolves when the collection has been read once, or the API server was seen not to have it. Never rejects. */
  readonly settled: Promise<void>;
  /** Whether the API server has no such collection: its CRD is not there yet. It is asked again and again. */
  isMissing(): boolean;
  /** Calls back, without waiting for it, at each change from now on; at the first list for each object. */
  onChange(handler: (change: Change<T>) => void): void;
  /**
   * Takes the answer of our own write, which may be here before the watch has it. What is older than the cache's
   * version, or another object of the same name, is ignored.
   */
  observeWrite(object: T): void;
  /** Lists, watches and tries again until the signal is raised. Never throws. To be called once. */
  run(signal: AbortSignal): Promise<void>;
}

/** A watch that lived this many milliseconds was not refused, even if nothing happened. */
const wholesomeMs = 5_000;

/** Milliseconds at most between looks for a collection that the API server does not have: people wait for it. */
const missingMs = 5_000;

/** After so many failures in a row everything is listed anew, whatever they were. */
const failuresBeforeList = 8;

/** Milliseconds for a page of a list: large ones take a busy API server long. */
const listTimeoutMs = 30_000;

/**
 * Lists and watches a collection, for ever: a watch that ends is taken up at the last version seen, one whose
 * version is forgotten (410) begins with a new list. client-node's informer stops at a reset
 * (docs/development/dependencies.md, 2.3).
 */
export function informer<T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> {
  const { client, path, logger, clock = systemClock, random = Math.random } = options;
  const { trim = withoutManagedFields, backoff = { firstMs: 200, maxMs: 30_000 } } = options;
  const { watchSeconds = 450, inactivityMs = 90_000 } = options;
  const query = options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector };
  const accept = options.metadataOnly === true ? metadataOnly : undefined;
  const cache = objectCache<T>(options.groupOf);
  const handlers: ((change: Change<T>) => void)[] = [];
  const synced = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  let hasSynced = false;
  let isMissing = false;
  /** Of the collection, up to which it is known; undefined when it must be listed. */
  let version: string | undefined;
  let failures = 0;

  const tell = (change: Change<T> | undefined) => {
    if (change === undefined) return;
    for (const handler of handlers) {
      try {
        handler(change);
      } catch (error) {
        logger.error({ err: error, path, key: change.key }, 'a change was not taken');
      }
    }
  };

  const list = async (signal: AbortSignal) => {
    const listOptions = { query, signal, timeoutMs: listTimeoutMs, accept: accept?.list };
    const { items, resourceVersion } = await readCollection<T, T>(client, path, listOptions, (item, of) =>
      trim(withKind(item, of)),
    );
    cache.replace(items).forEach(tell);
    version = resourceVersion;
    hasSynced = true;
    isMissing = false;
    synced.resolve();
    settled.resolve();
  };

  const take = ({ type, object }: WatchEvent<T>) => {
    if (type === 'DELETED') tell(cache.remove(object));
    else if (type !== 'BOOKMARK') tell(cache.put(trim(object)));
    version = object.metadata?.resourceVersion ?? version;
    failures = 0;
  };

  const follow = async (resourceVersion: string, signal: AbortSignal) => {
    const timeoutSeconds = Math.ceil(watchSeconds * (2 / 3 + (random() * 2) / 3));
    const events = watch<T>(client, path, {
      query,
      accept: accept?.watch,
      signal,
      resourceVersion,
      timeoutSeconds,
      inactivityMs,
    });
    for await (const event of events) take(event);
  };

  /** One list and watch, or one watch. Whether it went well; otherwise the next one waits. */
  const round = async (signal: AbortSignal): Promise<boolean> => {
    const begun = clock.elapsed();
    const before = version;
    try {
      if (version === undefined) await list(signal);
      await follow(version ?? '', signal);
      // An API server on its way out accepts a watch and ends it at once.
      return version !== before || clock.elapsed() - begun >= wholesomeMs;
    } catch (error) {
      if (signal.aborted) return true;
      if (!hasSynced && error instanceof ApiError && error.status === 404) {
        isMissing = true;
        settled.resolve();
        return false;
      }
      if (needsList(error) || failures >= failuresBeforeList) version = undefined;
      // Connections break; only when the next one does not hold either is something wrong.
      if (failures > 0) logger.warn({ err: error, path, failures: failures + 1 }, 'a watch fails');
      return false;
    }
  };

  return {
    path,
    synced: synced.promise,
    isSynced: () => hasSynced,
    settled: settled.promise,
    isMissing: () => isMissing,
    get size() {
      return cache.size;
    },
    get: (key) => cache.get(key),
    values: () => cache.values(),
    inGroup: (group) => cache.inGroup(group),
    onChange: (handler) => void handlers.push(handler),
    observeWrite: (object) => tell(cache.renew(trim(object))),
    async run(signal) {
      while (!signal.aborted) {
        if (await round(signal)) {
          failures = 0;
          continue;
        }
        failures += 1;
        const waitMs = backoffMs(failures, backoff, random);
        await sleep(clock, isMissing ? Math.min(waitMs, missingMs) : waitMs, signal);
      }
    },
  };
}

/** Watched objects carry their kind, listed ones do not: here all do. */
function withKind<T extends KubernetesObject>(
  item: T,
  list: { readonly apiVersion?: string; readonly kind?: string },
): T {
  if (item.kind !== undefined || list.kind === undefined) return item;
  return { ...item, apiVersion: list.apiVersion, kind: list.kind.replace(/List$/, '') };
}

/**
 * Whether the version is of no use any more: forgotten (410), ahead of a server restored from a backup
 * (504 "Too large resource version"), or refused for another reason that waiting does not mend.
 */
function needsList(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  if (error.status === 504 && error.message.includes('Too large resource version')) return true;
  return error.status >= 400 && error.status < 500 && ![401, 403, 408, 429].includes(error.status);
}
