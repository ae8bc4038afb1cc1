/** A test or a hook, and how long it took. */
export interface TimedTest {
  readonly title: string;
  /** Its file, from the root of the package. */
  readonly file: string;
  readonly ms: number;
}

/** By test file, from the root of the package: the milliseconds that its suites took, hooks included. */
export type FileDurations = Record<string, number>;

/** What the tests of one process came to. */
export interface RunResults {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly timed: readonly TimedTest[];
  readonly files: FileDurations;
}

/** One line each of the tests and hooks that took longest, slowest first. */
export const slowest = (timed: readonly TimedTest[], count: number): readonly string[] =>
  timed
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ title, file, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${title} (${file})`);
