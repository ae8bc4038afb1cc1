import type { Clock } from './clock.ts';

/** Since when something has been seen as it is, by our own clock: what others write into it proves no age. */
interface Silence {
  /**
   * Sees it once more.
   *
   * @param value compared by its JSON; undefined is nothing to be seen, and is forgotten
   * @returns milliseconds since it was first seen so; 0 the first time, and for nothing
   */
  see(key: string, value: unknown): number;
  forget(key: string): void;
}

/** Starts anew with each process, as a candidate for a Lease does. */
export function silence(clock: Pick<Clock, 'elapsed'>): Silence {
  const seen = new Map<string, { readonly text: string; readonly at: number }>();
  return {
    see(key, value) {
      if (value === undefined) {
        seen.delete(key);
        return 0;
      }
      const text = JSON.stringify(value);
      const now = clock.elapsed();
      const last = seen.get(key);
      if (last?.text === text) return now - last.at;
      seen.set(key, { text, at: now });
      return 0;
    },
    forget: (key) => void seen.delete(key),
  };
}
