import { relative } from 'node:path';
import Mocha from 'mocha';
import { skipReasons } from './skip.ts';
import type { RunResults, TimedTest } from './results.ts';

/** For a run of mocha from a program. */
export interface ReporterOptions {
  /** Takes what the tests came to, before the closing line. */
  readonly tell?: (results: RunResults) => void;
}

/** Says what was running, and closes. Undefined where nothing runs. */
let endNow: (() => void) | undefined;

process.once('SIGTERM', () => {
  if (endNow === undefined) {
    console.log(`still open after all tests: ${[...new Set(process.getActiveResourcesInfo())].join(', ')}`);
  }
  endNow?.();
  process.exit(128 + 15);
});

/**
 * Mocha's `spec` report, then each skipped test with its reason, then the closing line
 * `N passed, N failed, N skipped`. Told to end (SIGTERM), it says what was running, and closes in the same way;
 * after the closing line, it says what is still open.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: Mocha.Test[] = [];
    const timed: TimedTest[] = [];
    const { tell } = (options.reporterOptions ?? {}) as ReporterOptions;
    let running: Mocha.Runnable | undefined;
    const time = (runnable: Mocha.Runnable) =>
      timed.push({ title: runnable.fullTitle(), file: fileOf(runnable), ms: runnable.duration ?? 0 });
    runner.on('pending', (test) => skipped.push(test));
    runner.on('test', (test) => (running = test));
    runner.on('test end', time);
    runner.on('hook', (hook) => (running = hook));
    runner.on('hook end', time);
    runner.once('end', () => {
      endNow = undefined;
      for (const test of skipped) console.log(`skipped: ${test.fullTitle()}: ${reasonOf(test)}`);
      const { passes, failures, pending } = this.stats;
      tell?.({ passed: passes, failed: failures, skipped: pending, timed });
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
    endNow = () => {
      if (running !== undefined) runner.emit('fail', running, new Error('told to end while it was running'));
      runner.emit('end');
    };
  }
}

const fileOf = ({ file }: Pick<Mocha.Runnable, 'file'>): string => relative(process.cwd(), file ?? '');

function reasonOf(test: Mocha.Test): string {
  const titles = [test.fullTitle()];
  for (let suite = test.parent; suite !== undefined; suite = suite.parent) titles.push(suite.fullTitle());
  for (const title of titles) {
    const reason = skipReasons.get(title);
    if (reason !== undefined) return reason;
  }
  return 'no reason given';
}
