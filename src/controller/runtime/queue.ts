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

export function workQueue(options: QueueOptions): WorkQueue {
  const { concurrency, run, clock = systemClock, random = Math.random, observer = {} } = options;
  const { backoff = { firstMs: 200, maxMs: 60_000 } } = options;
  const entries = new Map<string, Entry>();
  /** Keys that may run now, oldest first, with the time since when. */
  const ready = new Map<string, number>();
  const running = new Map<string, number>();
  let draining: PromiseWithResolvers<void> | undefined;

  const entryOf = (key: string): Entry => {
    const entry = entries.get(key) ?? { failures: 0, conflicts: 0, dirty: false };
    entries.set(key, entry);
    return entry;
  };
  const stopTimer = (entry: Entry) => {
    entry.timer?.cancel();
    entry.timer = undefined;
  };
  const forgetIfEmpty = (key: string, { failures, conflicts, timer }: Entry) => {
    if (failures === 0 && conflicts === 0 && timer === undefined && !ready.has(key) && !running.has(key))
      entries.delete(key);
  };

  const enqueue = (key: string) => {
    if (draining !== undefined || ready.has(key)) return;
    const entry = entryOf(key);
    if (!entry.dirty) observer.added?.();
    if (running.has(key)) {
      entry.dirty = true;
      return;
    }
    // This run does what was asked for at a later time, and says when the next one is due.
    stopTimer(entry);
    ready.set(key, clock.elapsed());
  };

  const enqueueAt = (key: string, at: number) => {
    if (draining !== undefined || ready.has(key)) return;
    const entry = entryOf(key);
    if (entry.timer !== undefined && entry.timer.at <= at) return;
    stopTimer(entry);
    const delayMs = at - clock.now();
    if (delayMs <= 0) return enqueue(key);
    const wake = () => {
      entry.timer = undefined;
      enqueueAt(key, at);
      startWhatFits();
    };
    entry.timer = { at, cancel: clock.after(Math.min(delayMs, longestSleepMs), wake) };
  };

  const startWhatFits = () => {
    for (const [key, since] of ready) {
      if (running.size >= concurrency || draining !== undefined) return;
      ready.delete(key);
      const begun = clock.elapsed();
      running.set(key, begun);
      observer.started?.(begun - since);
      void settle(key, begun);
    }
  };

  const settle = async (key: string, begun: number) => {
    let outcome: Outcome;
    try {
      outcome = await run(key);
    } catch {
      outcome = { kind: 'failed' };
    }
    running.delete(key);
    observer.finished?.(clock.elapsed() - begun);
    if (draining !== undefined) {
      if (running.size === 0) draining.resolve();
      return;
    }
    const entry = entryOf(key);
    schedule(key, entry, outcome);
    if (entry.dirty) {
      enqueue(key);
      entry.dirty = false;
    }
    forgetIfEmpty(key, entry);
    startWhatFits();
  };

  const schedule = (key: string, entry: Entry, outcome: Outcome) => {
    if (outcome.kind === 'done') {
      [entry.failures, entry.conflicts] = [0, 0];
      if (outcome.at !== undefined) enqueueAt(key, outcome.at);
      return;
    }
    observer.retried?.();
    if (outcome.kind === 'again') {
      entry.conflicts += 1;
      if (entry.conflicts === 1) return enqueue(key);
      return enqueueAt(key, clock.now() + backoffMs(entry.conflicts - 1, conflictBackoff, random));
    }
    entry.failures += 1;
    const delayMs = Math.max(backoffMs(entry.failures, backoff, random), outcome.notBeforeMs ?? 0);
    enqueueAt(key, clock.now() + delayMs);
  };

  return {
    add(key) {
      enqueue(key);
      startWhatFits();
    },
    addAt(key, at) {
      enqueueAt(key, at);
      startWhatFits();
    },
    drain() {
      if (draining === undefined) {
        draining = Promise.withResolvers();
        entries.forEach(stopTimer);
        ready.clear();
        if (running.size === 0) draining.resolve();
      }
      return draining.promise;
    },
    get depth() {
      return ready.size;
    },
    running,
  };
}
