import { backoffMs, type Backoff } from './backoff.ts';
import { systemClock, type Clock } from './clock.ts';

/** How a run of a key ended. A run that throws has failed. */
export type Outcome =
  /** Earlier failures are forgotten. With `at` (milliseconds since the epoch) the key runs again then. */
  | { readonly kind: 'done'; readonly at?: number | undefined }
  /** Somebody else was faster: the key runs again at once, and with a growing delay if that goes on. */
  | { readonly kind: 'again' }
  /** The key runs again after a growing delay, of no less than `notBeforeMs`. */
  | { readonly kind: 'failed'; readonly notBeforeMs?: number | undefined };

/** Told of what happens, for metrics. Times in milliseconds. */
export interface QueueObserver {
  readonly added?: () => void;
  readonly started?: (waitedMs: number) => void;
  readonly finished?: (workedMs: number) => void;
  readonly retried?: () => void;
}

interface QueueOptions {
  /** Runs at a time, each of another key. */
  readonly concurrency: number;
  readonly run: (key: string) => Promise<Outcome>;
  /** Told of what a run has thrown: a fault of the program, which nobody else says. */
  readonly threw: (key: string, error: unknown) => void;
  readonly clock?: Clock | undefined;
  /** Between 0 and 1. */
  readonly random?: (() => number) | undefined;
  /** After failures. Default from 200 ms up to a minute. */
  readonly backoff?: Backoff | undefined;
  readonly observer?: QueueObserver | undefined;
}

/** Keys to work on. A key stands in it once, and is never run twice at the same time. */
export interface WorkQueue {
  /** Runs the key as soon as there is room; a key in work once more when that run has ended. */
  add(key: string): void;
  /** Runs the key then, in milliseconds since the epoch, unless it runs before: the earliest time wins. */
  addAt(key: string, at: number): void;
  /** Takes no more keys, starts no more runs, and resolves when the last one has ended. */
  drain(): Promise<void>;
  /** Keys that wait for room. */
  readonly depth: number;
  /** Since when each run is under way, in milliseconds of `clock.elapsed`. */
  readonly running: ReadonlyMap<string, number>;
}

/** What is remembered of a key between two runs, as long as there is anything. */
interface Entry {
  failures: number;
  conflicts: number;
  /** Added while it ran. */
  dirty: boolean;
  timer?: { readonly at: number; readonly cancel: () => void } | undefined;
}

const conflictBackoff: Backoff = { firstMs: 10, maxMs: 2_000 };

/** No timer sleeps longer, so that a clock that is set, or a machine that slept, delays nothing for long. */
const longestSleepMs = 10 * 60_000;

export const workQueue = (options: QueueOptions): WorkQueue => new KeyQueue(options);

class KeyQueue implements WorkQueue {
  readonly #concurrency: number;
  readonly #run: QueueOptions['run'];
  readonly #threw: QueueOptions['threw'];
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #observer: QueueObserver;
  readonly #entries = new Map<string, Entry>();
  /** Keys that may run now, oldest first, with the time since when. */
  readonly #ready = new Map<string, number>();
  readonly #running = new Map<string, number>();
  #draining: PromiseWithResolvers<void> | undefined;

  constructor({ concurrency, run, threw, clock, random, backoff, observer }: QueueOptions) {
    this.#concurrency = concurrency;
    this.#run = run;
    this.#threw = threw;
    this.#clock = clock ?? systemClock;
    this.#random = random ?? Math.random;
    this.#backoff = backoff ?? { firstMs: 200, maxMs: 60_000 };
    this.#observer = observer ?? {};
  }

  get depth(): number {
    return this.#ready.size;
  }

  get running(): ReadonlyMap<string, number> {
    return this.#running;
  }

  add(key: string): void {
    this.#enqueue(key);
    this.#startWhatFits();
  }

  addAt(key: string, at: number): void {
    this.#enqueueAt(key, at);
    this.#startWhatFits();
  }

  drain(): Promise<void> {
    if (this.#draining === undefined) {
      this.#draining = Promise.withResolvers();
      this.#entries.forEach(stopTimer);
      this.#ready.clear();
      if (this.#running.size === 0) this.#draining.resolve();
    }
    return this.#draining.promise;
  }

  #enqueue(key: string): void {
    if (this.#draining !== undefined || this.#ready.has(key)) return;
    const entry = this.#entryOf(key);
    if (!entry.dirty) this.#observer.added?.();
    if (this.#running.has(key)) {
      entry.dirty = true;
      return;
    }
    // This run does what was asked for at a later time, and says when the next one is due.
    stopTimer(entry);
    this.#ready.set(key, this.#clock.elapsed());
  }

  #enqueueAt(key: string, at: number): void {
    if (this.#draining !== undefined || this.#ready.has(key)) return;
    const entry = this.#entryOf(key);
    if (entry.timer !== undefined && entry.timer.at <= at) return;
    stopTimer(entry);
    const delayMs = at - this.#clock.now();
    if (delayMs <= 0) return this.#enqueue(key);
    const wake = () => {
      entry.timer = undefined;
      this.addAt(key, at);
    };
    entry.timer = { at, cancel: this.#clock.after(Math.min(delayMs, longestSleepMs), wake) };
  }

  #startWhatFits(): void {
    for (const [key, since] of this.#ready) {
      if (this.#running.size >= this.#concurrency || this.#draining !== undefined) return;
      this.#ready.delete(key);
      const begun = this.#clock.elapsed();
      this.#running.set(key, begun);
      this.#observer.started?.(begun - since);
      void this.#settle(key, begun);
    }
  }

  async #settle(key: string, begun: number): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.#run(key);
    } catch (error) {
      this.#threw(key, error);
      outcome = { kind: 'failed' };
    }
    this.#running.delete(key);
    this.#observer.finished?.(this.#clock.elapsed() - begun);
    if (this.#draining !== undefined) {
      if (this.#running.size === 0) this.#draining.resolve();
      return;
    }
    const entry = this.#entryOf(key);
    this.#schedule(key, entry, outcome);
    if (entry.dirty) {
      this.#enqueue(key);
      entry.dirty = false;
    }
    this.#forgetIfEmpty(key, entry);
    this.#startWhatFits();
  }

  #schedule(key: string, entry: Entry, outcome: Outcome): void {
    if (outcome.kind === 'done') {
      [entry.failures, entry.conflicts] = [0, 0];
      if (outcome.at !== undefined) this.#enqueueAt(key, outcome.at);
      return;
    }
    this.#observer.retried?.();
    if (outcome.kind === 'again') {
      entry.conflicts += 1;
      if (entry.conflicts === 1) return this.#enqueue(key);
      const waitMs = backoffMs(entry.conflicts - 1, conflictBackoff, this.#random);
      return this.#enqueueAt(key, this.#clock.now() + waitMs);
    }
    entry.failures += 1;
    const waitMs = backoffMs(entry.failures, this.#backoff, this.#random);
    this.#enqueueAt(key, this.#clock.now() + Math.max(waitMs, outcome.notBeforeMs ?? 0));
  }

  #entryOf(key: string): Entry {
    const entry = this.#entries.get(key) ?? { failures: 0, conflicts: 0, dirty: false };
    this.#entries.set(key, entry);
    return entry;
  }

  #forgetIfEmpty(key: string, { failures, conflicts, timer }: Entry): void {
    const isIdle = !this.#ready.has(key) && !this.#running.has(key);
    if (failures === 0 && conflicts === 0 && timer === undefined && isIdle) this.#entries.delete(key);
  }
}

function stopTimer(entry: Entry): void {
  entry.timer?.cancel();
  entry.timer = undefined;
}
