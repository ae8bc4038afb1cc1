import type { Clock } from '../../../src/controller/runtime/clock.ts';

/** A clock that stands still until it is told to go on. */
export interface SimulatedClock extends Clock {
  /** Goes on, calling what falls due on the way in its order. */
  advance(ms: number): void;
  /** Timers that are set. */
  readonly timers: () => number;
}

export function simulatedClock(start = 1_000_000): SimulatedClock {
  let time = start;
  let serial = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  const next = (until: number) =>
    [...timers].filter(([, { at }]) => at <= until).toSorted(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  return {
    now: () => time,
    elapsed: () => time - start,
    after(delayMs, run) {
      serial += 1;
      const id = serial;
      timers.set(id, { at: time + Math.max(0, delayMs), run });
      return () => void timers.delete(id);
    },
    advance(ms) {
      const until = time + ms;
      for (let due = next(until); due !== undefined; due = next(until)) {
        const [id, { at, run }] = due;
        timers.delete(id);
        time = Math.max(time, at);
        run();
      }
      time = until;
    },
    timers: () => timers.size,
  };
}
