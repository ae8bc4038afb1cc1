/**
 * All tests, in processes side by side, each with a Kubernetes of its own: they wait most of the time, for pods and
 * elections. The course of each is shown at once, behind its name; failures and sums come when all have ended. The last
 * line sums up: `N passed, N failed, N skipped`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { packageRoot } from './support/package-root.ts';

/** Each about as long as all the tests that are in none. */
const parts = {
  bluegreen:
    /^build\/test\/(controller-e2e\/(bluegreen|break-glass|restore-break-glass|upgrade)|gate\/install)/,
  rolling: /^build\/test\/(controller-e2e\/(life|restore\.|survives)|release)/,
};

/** Changes the keys of the API server that its part shares, so nothing comes after it. */
const last = 'build/test/controller-e2e/life.cluster.test.js';

/** Twice what they take. A part that takes longer is told to end, and says at what it was. */
const partTimeoutMs = 60 * 60_000;
/** What a test has left open, or does not let itself be told, keeps a process no longer than this. */
const endTimeoutMs = 30_000;

const files = globSync('build/test/**/*.test.js', { cwd: packageRoot }).toSorted(
  (a, b) => Number(a === last) - Number(b === last) || (a < b ? -1 : 1),
);
const partOf = (file: string) => Object.entries(parts).find(([, part]) => part.test(file))?.[0] ?? 'rest';

// All need what is built here; where it cannot be built, the tests say so and are skipped.
await once(start(['build/test/cluster/main.js', 'prepare'], ['ignore', 'inherit', 'inherit']), 'exit');

const ended = await Promise.all(
  ['rest', ...Object.keys(parts)].map((part) =>
    mocha(
      part,
      files.filter((file) => partOf(file) === part),
    ),
  ),
);
for (const { epilogue } of ended) console.log(epilogue.join('\n'));
const sum = (of: keyof Count) => ended.reduce((total, { count }) => total + count[of], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exit(ended.every(({ isGood }) => isGood) ? 0 : 1);

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs these test files in one process. */
async function mocha(
  part: string,
  these: readonly string[],
): Promise<{ readonly isGood: boolean; readonly count: Count; readonly epilogue: readonly string[] }> {
  const args = ['--enable-source-maps', 'node_modules/mocha/bin/mocha.js', ...these];
  const child = start(args, ['ignore', 'pipe', 'pipe']);
  const epilogue: string[] = [];
  let count: Count | undefined;
  let deadline = setTimeout(() => void end(child), partTimeoutMs);
  const hear = (coloured: string) => {
    const line = stripVTControlCharacters(coloured);
    if (epilogue.length === 0 && !/^\s+\d+ passing\b/.test(line)) {
      console.log(`${part.padEnd(9)} | ${line}`);
      return;
    }
    epilogue.push(line);
    const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line) ?? [];
    if (passed === undefined) return;
    count = { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
    clearTimeout(deadline);
    deadline = setTimeout(() => void end(child), endTimeoutMs);
  };
  for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', hear);
  // Not its `close`: what a test has left running may hold the other end of the pipes.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  await sleep(500);
  if (count !== undefined) return { isGood: count.failed === 0, count, epilogue };
  epilogue.push(`the tests of ${part} ended with ${code ?? signal}, without a sum`);
  return { isGood: false, count: { passed: 0, failed: 1, skipped: 0 }, epilogue };
}

/** Tells a process to end, which its reporter hears, and ends it. */
async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await sleep(endTimeoutMs);
  child.kill('SIGKILL');
}

function start(args: readonly string[], stdio: ('ignore' | 'inherit' | 'pipe')[]): ChildProcess {
  return spawn(process.execPath, args, { cwd: packageRoot, stdio });
}
