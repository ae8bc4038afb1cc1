/** How long to wait after failures in a row: twice as long each time. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after the nth failure in a row, counted from 1: between half and all of
 * `firstMs` doubled n - 1 times, so that those who failed together do not come back together.
 *
 * @param random between 0 and 1
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff, random: () => number): number {
  const whole = Math.min(firstMs * 2 ** (failures - 1), maxMs);
  return whole * (0.5 + random() / 2);
}
