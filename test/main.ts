/**
 * All tests, in processes side by side, each with a Kubernetes of its own: they wait most of the time, for pods and
 * elections. What the first says is shown at once, what the others say when all have ended. The last line sums up:
 * `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { packageRoot } from './cluster/package-root.ts';

/** Each about as long as all the tests that are in none. */
const parts = [
  /^build\/test\/(driver\/(bluegreen|break-glass|restore-break-glass)|gate\/install)/,
  /^build\/test\/(driver\/(life|restore\.|survives|upgrade)|release)/,
];

/** Changes the keys of the API server that its part shares, so nothing comes after it. */
const last = 'build/test/driver/life.test.js';

const files = globSync('build/test/**/*.test.js', { cwd: packageRoot }).toSorted(
  (a, b) => Number(a === last) - Number(b === last) || (a < b ? -1 : 1),
);
const partOf = (file: string) => parts.findIndex((part) => part.test(file));

// All need what is built here; where it cannot be built, the tests say so and are skipped.
await run(['build/test/cluster/main.js', 'prepare'], (chunk) => process.stderr.write(chunk));

const shown = [-1, ...parts.keys()].map(async (part) => {
  const later: Buffer[] = [];
  const show =
    part === -1 ? (chunk: Buffer) => process.stdout.write(chunk) : (chunk: Buffer) => later.push(chunk);
  const ended = await mocha(
    files.filter((file) => partOf(file) === part),
    show,
  );
  return { ...ended, later };
});
const all = await Promise.all(shown);
for (const { later } of all) process.stdout.write(Buffer.concat(later));
for (const { code, count } of all)
  if (count === undefined) console.error(`a process of tests ended with ${code}, without a sum`);
const sum = (of: keyof Count) => all.reduce((total, { count }) => total + (count?.[of] ?? 0), 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = all.find(({ code }) => code !== 0)?.code ?? 0;

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
