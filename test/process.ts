/**
 * A process of test/main.ts: runs the test files that it is told, one after another, each with mocha. They share what
 * a process has of something, such as a Kubernetes. It ends when it is let go.
 */
import { readFileSync } from 'node:fs';
import Mocha from 'mocha';
import Reporter, { type ReporterOptions } from './support/reporter.ts';
import type { RunResults } from './support/results.ts';
import { mochaGlobalTeardown } from './support/setup.ts';

const { timeout } = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as { readonly timeout: number };

let isRunning = false;

async function run(file: string): Promise<void> {
  isRunning = true;
  let results: RunResults | undefined;
  const reporterOptions: ReporterOptions = { tell: (all) => (results = all) };
  const mocha = new Mocha({ timeout, reporter: Reporter, reporterOptions });
  mocha.addFile(file);
  await mocha.loadFilesAsync();
  mocha.run(() => {
    // Else each run goes on listening for what is thrown and rejected, also in the runs after it.
    mocha.dispose();
    isRunning = false;
    process.send?.(results);
  });
}

process.on('message', (file: string) => void run(file));
process.once('disconnect', () => {
  // Nobody hears it any more.
  if (isRunning) process.exit(1);
  void mochaGlobalTeardown();
});
