import Mocha from 'mocha';
import { skipReasons } from './skip.ts';

/**
 * Mocha's `spec` report, then each skipped test with its reason, then the closing line
 * `N passed, N failed, N skipped`.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: Mocha.Test[] = [];
    runner.on('pending', (test) => skipped.push(test));
    runner.once('end', () => {
      for (const test of skipped) console.log(`skipped: ${test.fullTitle()}: ${reasonOf(test)}`);
      const { passes, failures, pending } = this.stats;
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
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
