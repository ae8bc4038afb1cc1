import Mocha from 'mocha';
import { skipReasons } from './skip.ts';

/**
 * Mocha's `spec` report, then each skipped test with its reason, then the closing line
 * `N passed, N failed, N skipped`. Told to end (SIGTERM), it says what was running, and closes in the same way;
 * after the closing line, it says what is still open.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: Mocha.Test[] = [];
    let running: Mocha.Runnable | undefined;
    let hasEnded = false;
    runner.on('pending', (test) => skipped.push(test));
    runner.on('test', (test) => (running = test));
    runner.on('hook', (hook) => (running = hook));
    runner.once('end', () => {
      hasEnded = true;
      for (const test of skipped) console.log(`skipped: ${test.fullTitle()}: ${reasonOf(test)}`);
      const { passes, failures, pending } = this.stats;
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

function reasonOf(test: Mocha.Test): string {
  const titles = [test.fullTitle()];
  for (let suite = test.parent; suite !== undefined; suite = suite.parent) titles.push(suite.fullTitle());
  for (const title of titles) {
    const reason = skipReasons.get(title);
    if (reason !== undefined) return reason;
  }
  return 'no reason given';
}
