/** A test or a hook, and how long it took. */
export interface TimedTest {
  readonly title: string;
  /** Its file, from the root of the package. */
  readonly file: string;
  readonly ms: number;
}

/** What the tests of a run of mocha came to. */
export interface RunResults {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly timed: readonly TimedTest[];
}

/** One line each of the tests and hooks that took longest, slowest first. */
export const slowest = (timed: readonly TimedTest[], count: number): readonly string[] =>
  timed
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ title, file, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${title} (${file})`);
