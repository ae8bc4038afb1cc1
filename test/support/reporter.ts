import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';
import { skipReasons } from './skip.ts';
import type { FileDurations, RunResults, TimedTest } from './results.ts';

/**
 * Mocha's `spec` report, then each skipped test with its reason, then the closing line
 * `N passed, N failed, N skipped`. Told to end (SIGTERM), it says what was running, and closes in the same way;
 * after the closing line, it says what is still open.
 *
 * `--reporter-option results=FILE` writes the results there too, as JSON (`RunResults`).
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: Mocha.Test[] = [];
    const timed: TimedTest[] = [];
    const files: FileDurations = {};
    const { results } = (options.reporterOptions ?? {}) as { readonly results?: string };
    let running: Mocha.Runnable | undefined;
    let suiteStartedAt = 0;
    let hasEnded = false;
    const isOfFile = (suite: Mocha.Suite) => suite.parent?.root === true && suite.file !== undefined;
    runner.on('suite', (suite) => {
      if (isOfFile(suite)) suiteStartedAt = Date.now();
    });
    runner.on('suite end', (suite) => {
      if (!isOfFile(suite)) return;
      const file = fileOf(suite);
      files[file] = (files[file] ?? 0) + Date.now() - suiteStartedAt;
    });
    const time = (runnable: Mocha.Runnable) =>
      timed.push({ title: runnable.fullTitle(), file: fileOf(runnable), ms: runnable.duration ?? 0 });
    runner.on('pending', (test) => skipped.push(test));
    runner.on('test', (test) => (running = test));
    runner.on('test end', time);
    runner.on('hook', (hook) => (running = hook));
    runner.on('hook end', time);
    runner.once('end', () => {
      hasEnded = true;
      for (const test of skipped) console.log(`skipped: ${test.fullTitle()}: ${reasonOf(test)}`);
      const { passes, failures, pending } = this.stats;
      if (results !== undefined) {
        const all: RunResults = { passed: passes, failed: failures, skipped: pending, timed, files };
        writeFileSync(results, JSON.stringify(all));
      }
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
    process.once('SIGTERM', () => {
      if (hasEnded) {
        console.log(
          `still open after all tests: ${[...new Set(process.getActiveResourcesInfo())].join(', ')}`,
        );
      } else {
        if (running !== undefined)
          runner.emit('fail', running, new Error('told to end while it was running'));
        runner.emit('end');
      }
      process.exit(128 + 15);
    });
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
