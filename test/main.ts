/**
 * All tests, in two processes side by side, each with a Kubernetes of its own: they wait most of the time, for pods
 * and elections. What the second says is shown when the first has ended. The last line sums both up:
 * `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { packageRoot } from './cluster/package-root.ts';

/** About as long as all others together. */
const secondHalf = /^build\/test\/(driver\/(bluegreen|break-glass|life|restore)|release)/;

const files = globSync('build/test/**/*.test.js', { cwd: packageRoot }).toSorted();
const halves = [
  files.filter((file) => !secondHalf.test(file)),
  files.filter((file) => secondHalf.test(file)),
] as const;

// Both need what is built here; where it cannot be built, the tests say so and are skipped.
await run(['build/test/cluster/main.js', 'prepare'], (chunk) => process.stderr.write(chunk));

const later: Buffer[] = [];
const [first, second] = await Promise.all([
  mocha(halves[0], (chunk) => process.stdout.write(chunk)),
  mocha(halves[1], (chunk) => later.push(chunk)),
]);
process.stdout.write(Buffer.concat(later));
for (const { what, count, code } of [
  { what: 'first', ...first },
  { what: 'second', ...second },
])
  if (count === undefined) console.error(`the ${what} half of the tests ended with ${code}, without a sum`);
const counts = [first.count, second.count].filter((count) => count !== undefined);
const sum = (of: keyof Count) => counts.reduce((total, count) => total + count[of], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = first.code || second.code;

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs these test files in one process; without a count when it has not come to its end. */
async function mocha(
  these: readonly string[],
  show: (chunk: Buffer) => void,
): Promise<{ readonly code: number; readonly count: Count | undefined }> {
  let end = '';
  const code = await run(['--enable-source-maps', 'node_modules/mocha/bin/mocha.js', ...these], (chunk) => {
    show(chunk);
    end = (end + chunk.toString()).slice(-200);
  });
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed, (\d+) skipped\s*$/m.exec(end) ?? [];
  const count =
    passed === undefined
      ? undefined
      : { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
  return { code: count === undefined ? code || 1 : code, count };
}

function run(args: readonly string[], show: (chunk: Buffer) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: packageRoot, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', show);
    child.stderr.on('data', show);
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
