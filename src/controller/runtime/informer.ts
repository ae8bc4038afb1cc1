import type { KubernetesObject } from '../../api/kubernetes.ts';
import { defined } from '../../api/object-fields.ts';
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
export const informer = <T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> =>
  new ListWatch(options);

class ListWatch<T extends KubernetesObject> implements Informer<T> {
  readonly path: string;
  readonly #options: InformerOptions<T>;
  readonly #trim: (object: T) => T;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #query: Readonly<Record<string, string>>;
  readonly #accept: typeof metadataOnly | undefined;
  readonly #cache: ObjectCache<T>;
  readonly #handlers: ((change: Change<T>) => void)[] = [];
  readonly #synced = Promise.withResolvers<void>();
  readonly #settled = Promise.withResolvers<void>();
  #hasSynced = false;
  #isMissing = false;
  /** Of the collection, up to which it is known; undefined when it must be listed. */
  #version: string | undefined;
  #failures = 0;

  constructor(options: InformerOptions<T>) {
    this.path = options.path;
    this.#options = options;
    this.#trim = options.trim ?? withoutManagedFields;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#query = defined({ labelSelector: options.labelSelector });
    this.#accept = options.metadataOnly === true ? metadataOnly : undefined;
    this.#cache = objectCache<T>(options.groupOf);
  }

  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  get size(): number {
    return this.#cache.size;
  }

  isSynced(): boolean {
    return this.#hasSynced;
  }

  isMissing(): boolean {
    return this.#isMissing;
  }

  get(key: string): T | undefined {
    return this.#cache.get(key);
  }

  values(): IterableIterator<T> {
    return this.#cache.values();
  }

  inGroup(group: string): readonly T[] {
    return this.#cache.inGroup(group);
  }

  onChange(handler: (change: Change<T>) => void): void {
    this.#handlers.push(handler);
  }

  observeWrite(object: T): void {
    this.#tell(this.#cache.renew(this.#trim(object)));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { backoff = { firstMs: 200, maxMs: 30_000 } } = this.#options;
    while (!signal.aborted) {
      if (await this.#round(signal)) {
        this.#failures = 0;
        continue;
      }
      this.#failures += 1;
      const waitMs = backoffMs(this.#failures, backoff, this.#random);
      await sleep(this.#clock, this.#isMissing ? Math.min(waitMs, missingMs) : waitMs, signal);
    }
  }

  /** One list and watch, or one watch. Whether it went well; otherwise the next one waits. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const begun = this.#clock.elapsed();
    const before = this.#version;
    try {
      if (this.#version === undefined) await this.#list(signal);
      await this.#follow(this.#version ?? '', signal);
      // An API server on its way out accepts a watch and ends it at once.
      return this.#version !== before || this.#clock.elapsed() - begun >= wholesomeMs;
    } catch (error) {
      if (signal.aborted) return true;
      this.#fail(error);
      return false;
    }
  }

  #fail(error: unknown): void {
    if (!this.#hasSynced && error instanceof ApiError && error.status === 404) {
      this.#isMissing = true;
      this.#settled.resolve();
      return;
    }
    if (needsList(error) || this.#failures >= failuresBeforeList) this.#version = undefined;
    // Connections break; only when the next one does not hold either is something wrong.
    if (this.#failures > 0) {
      const { logger } = this.#options;
      logger.warn({ err: error, path: this.path, failures: this.#failures + 1 }, 'a watch fails');
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await readCollection<T, T>(
      this.#options.client,
      this.path,
      { query: this.#query, signal, timeoutMs: listTimeoutMs, accept: this.#accept?.list },
      (item, of) => this.#trim(withKind(item, of)),
    );
    for (const change of this.#cache.replace(items)) this.#tell(change);
    this.#version = resourceVersion;
    this.#hasSynced = true;
    this.#isMissing = false;
    this.#synced.resolve();
    this.#settled.resolve();
  }

  async #follow(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, watchSeconds = 450, inactivityMs = 90_000 } = this.#options;
    const events = watch<T>(client, this.path, {
      query: this.#query,
      accept: this.#accept?.watch,
      signal,
      resourceVersion,
      timeoutSeconds: Math.ceil(watchSeconds * (2 / 3 + (this.#random() * 2) / 3)),
      inactivityMs,
    });
    for await (const event of events) this.#take(event);
  }

  #take({ type, object }: WatchEvent<T>): void {
    if (type === 'DELETED') this.#tell(this.#cache.remove(object));
    else if (type !== 'BOOKMARK') this.#tell(this.#cache.put(this.#trim(object)));
    this.#version = object.metadata?.resourceVersion ?? this.#version;
    this.#failures = 0;
  }

  #tell(change: Change<T> | undefined): void {
    if (change === undefined) return;
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        const { logger } = this.#options;
        logger.error({ err: error, path: this.path, key: change.key }, 'a change was not taken');
      }
    }
  }
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
