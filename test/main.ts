/**
 * Runs the tests, in processes side by side. The course of each is shown at once, behind its name; failures and sums
 * come when all have ended, then the ten slowest tests. The last line sums up: `N passed, N failed, N skipped`.
 *
 * - without an argument: all; first those that need nothing but Node.js, and the others only when those are green
 * - `unit`: those that need nothing but Node.js, with few random walks
 * - `watch`: of those, each that a changed file concerns, as long as it runs
 * - `--record`: writes how long each file took to test/durations.json, by which they are cut into processes
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { cacheDirectory } from './cluster/cache.ts';
import { cut } from './support/cut.ts';
import { loadedOnce, reachedFrom } from './support/imports.ts';
import { packageRoot } from './support/package-root.ts';
import { slowest, type FileDurations, type RunResults, type TimedTest } from './support/results.ts';

/** Each has a Kubernetes of its own; they wait most of the time, for pods and elections. */
const clusterProcesses = 3;
/** More would wait for each other's processor. */
const unitProcesses = Math.min(4, availableParallelism());
/** For a file that was not recorded yet. */
const unknownMs = { unit: 200, cluster: 30_000 };

/** Changes the keys of the API server that its process shares, so nothing comes after it. */
const isLast = (file: string) => file === 'test/controller-e2e/life.cluster.test.ts';

/** Twice what they take. A process that takes longer is told to end, and says at what it was. */
const partTimeoutMs = 60 * 60_000;
/** What a test has left open, or does not let itself be told, keeps a process no longer than this. */
const endTimeoutMs = 30_000;

const durationsFile = join(packageRoot, 'test/durations.json');

async function runAll(): Promise<boolean> {
  const unit = await runParts(partsOf('unit', unitProcesses), { EXPLORE: 'full' });
  if (!unit.every(isGood)) return tell(unit);
  // All need what is built here; where it cannot be built, the tests say so and are skipped.
  await once(startNode(['test/cluster/main.ts', 'prepare'], ['ignore', 'inherit', 'inherit']), 'exit');
  const cluster = await runParts(partsOf('cluster', clusterProcesses), {});
  if (values.record) record([...unit, ...cluster]);
  return tell([...unit, ...cluster]);
}

async function runUnit(environment: NodeJS.ProcessEnv, files = filesOf('unit')): Promise<boolean> {
  return tell(await runParts(partsOf('unit', unitProcesses, files), environment));
}

/** Runs the tests of the program's parts that were changed, each time that files change. */
async function watchUnit(): Promise<void> {
  let changed = new Set<string>();
  let wake = () => {};
  for (const folder of ['src', 'webhooks', 'certs', 'manifests', 'packaging', 'bench', 'test']) {
    watch(folder, { recursive: true }, (_, name) => {
      if (name?.endsWith('.ts')) changed.add(join(folder, name));
      wake();
    });
  }
  await runUnit({});
  for (;;) {
    if (changed.size === 0) await new Promise<void>((resolve) => (wake = resolve));
    // An editor writes more than once.
    await sleep(100);
    const those = changed;
    changed = new Set();
    const loaded = loadedOnce();
    const concerned = filesOf('unit').filter(
      (file) => those.has(file) || [...reachedFrom(file, loaded).keys()].some((path) => those.has(path)),
    );
    console.log(`\n${[...those].join(', ')}: ${concerned.length} test files`);
    if (concerned.length > 0) await runUnit({}, concerned);
  }
}

type Stage = 'unit' | 'cluster';

function filesOf(stage: Stage): readonly string[] {
  const ofCluster = (file: string) => file.endsWith('.cluster.test.ts');
  return globSync('test/**/*.test.ts')
    .filter((file) => ofCluster(file) === (stage === 'cluster'))
    .toSorted((a, b) => Number(isLast(a)) - Number(isLast(b)) || (a < b ? -1 : 1));
}

interface Part {
  readonly name: string;
  readonly files: readonly string[];
}

function partsOf(stage: Stage, processes: number, files = filesOf(stage)): readonly Part[] {
  return cut(files, processes, recorded(), unknownMs[stage])
    .filter((part) => part.length > 0)
    .map((part, index) => ({ name: `${stage} ${index + 1}`, files: part }));
}

function recorded(): FileDurations {
  return existsSync(durationsFile) ? (JSON.parse(readFileSync(durationsFile, 'utf8')) as FileDurations) : {};
}

/** Whole tenths of a second: what is less is noise. */
function record(ended: readonly Ended[]): void {
  const all = ended.flatMap(({ results }) => Object.entries(results.files));
  const sorted = all
    .map(([file, ms]) => [file, Math.max(100, Math.round(ms / 100) * 100)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(durationsFile, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}

/** What became of a process. */
interface Ended {
  readonly results: RunResults;
  /** Mocha's words on failures, and what else it said after the tests. */
  readonly epilogue: readonly string[];
  /** It came to its sum and ended by itself, or had to be ended after it. */
  readonly isWhole: boolean;
}

const isGood = ({ results, isWhole }: Ended) => isWhole && results.failed === 0;

/** Says what came of all. @returns whether all is good */
function tell(ended: readonly Ended[]): boolean {
  for (const { epilogue } of ended) console.log(epilogue.join('\n'));
  const timed: readonly TimedTest[] = ended.flatMap(({ results }) => results.timed);
  console.log(['the ten slowest:', ...slowest(timed, 10), ''].join('\n'));
  const sum = (of: 'passed' | 'failed' | 'skipped') =>
    ended.reduce((total, { results }) => total + results[of], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return ended.every(isGood);
}

async function runParts(parts: readonly Part[], environment: NodeJS.ProcessEnv): Promise<readonly Ended[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rollguard-tests-'));
  try {
    return await Promise.all(parts.map((part) => runPart(part, join(folder, part.name), environment)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs the files of a part in one process. */
async function runPart(
  { name, files }: Part,
  resultsFile: string,
  environment: NodeJS.ProcessEnv,
): Promise<Ended> {
  const args = ['node_modules/mocha/bin/mocha.js', `--reporter-option=results=${resultsFile}`, ...files];
  const child = startNode(args, ['ignore', 'pipe', 'pipe'], environment);
  const epilogue: string[] = [];
  let isToldToEnd = false;
  const end = async () => {
    isToldToEnd = true;
    child.kill('SIGTERM');
    await sleep(endTimeoutMs, undefined, { ref: false });
    child.kill('SIGKILL');
  };
  let deadline = setTimeout(() => void end(), partTimeoutMs);
  const hear = (colored: string) => {
    const line = stripVTControlCharacters(colored);
    if (epilogue.length === 0 && !/^\s+\d+ passing\b/.test(line)) {
      console.log(`${name.padEnd(9)} | ${line}`);
      return;
    }
    epilogue.push(line);
    if (!/^\d+ passed, \d+ failed, \d+ skipped$/.test(line)) return;
    clearTimeout(deadline);
    deadline = setTimeout(() => void end(), endTimeoutMs);
  };
  for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', hear);
  // Not its `close`: what a test has left running may hold the other end of the pipes.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  await sleep(500);
  if (existsSync(resultsFile)) {
    const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as RunResults;
    const isWhole = code === 0 || isToldToEnd || results.failed > 0;
    if (!isWhole)
      epilogue.push(`the tests of ${name} passed, and their process ended with ${code ?? signal}`);
    return { results, epilogue, isWhole };
  }
  epilogue.push(`the tests of ${name} ended with ${code ?? signal}, without a sum`);
  return {
    results: { passed: 0, failed: 1, skipped: 0, timed: [], files: {} },
    epilogue,
    isWhole: false,
  };
}

function startNode(
  args: readonly string[],
  stdio: ('ignore' | 'inherit' | 'pipe')[],
  environment: NodeJS.ProcessEnv = {},
): ChildProcess {
  // What Node.js has compiled once, it, and what it starts, need not compile again: half of a start.
  const compiled = { NODE_COMPILE_CACHE: join(cacheDirectory(), 'compiled') };
  return spawn(process.execPath, args, { stdio, env: { ...compiled, ...process.env, ...environment } });
}

process.chdir(packageRoot);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { record: { type: 'boolean', default: false } },
});
switch (positionals[0]) {
  case undefined:
    process.exit((await runAll()) ? 0 : 1);
  case 'unit':
    process.exit((await runUnit({})) ? 0 : 1);
  case 'watch':
    await watchUnit();
    break;
  default:
    process.stderr.write(`${positionals[0]}: neither unit nor watch\n`);
    process.exit(2);
}
