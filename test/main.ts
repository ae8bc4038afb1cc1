/**
 * Runs the tests, in processes side by side, each of which takes the next file when it has run one. The course is shown
 * at once, behind the name of the process; failures and what was skipped come when all have ended, then the ten slowest
 * tests. The last line sums up: `N passed, N failed, N skipped`.
 *
 * - without an argument: all; first those that need nothing but Node.js, and the others only when those are green
 * - `unit`: those that need nothing but Node.js, with few random walks
 * - `watch`: of those, each that a changed file concerns, as long as it runs
 * - `--record`: writes how long each file took to test/durations.json, of which the longest is run first
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { cacheDirectory } from '../packaging/cache.ts';
import { FileQueue } from './support/file-queue.ts';
import { loadedOnce, reachedFrom } from './support/imports.ts';
import { packageRoot } from '../packaging/package-root.ts';
import { slowest, type RunResults, type TimedTest } from './support/results.ts';

const processesOf = {
  /** More would wait for each other's processor. */
  unit: Math.min(4, availableParallelism()),
  /** Each has a Kubernetes of its own: with a third, two processors are too few, and deadlines are missed. */
  cluster: 2,
};
/** What takes no longer, mostly with an API server alone, a process beside those with a Kubernetes runs. */
const shortMs = 60_000;
/** For a file that was not recorded yet. On a cluster it may be long: begun last, it is what all others wait for. */
const unknownMs = { unit: 200, cluster: 300_000 };

/** Changes the keys of the API server that its process shares, so nothing comes after it. */
const last = 'test/controller-e2e/life.cluster.test.ts';

/** Thrice what the longest takes. A process at a file for longer is told to end, and says at what it was. */
const fileTimeoutMs = 30 * 60_000;
/** What a test has left open, or does not let itself be told, keeps a process no longer than this. */
const endTimeoutMs = 60_000;

const durationsFile = join(packageRoot, 'test/durations.json');

async function runAll(): Promise<boolean> {
  const unit = await runFiles('unit', { EXPLORE: 'full' });
  if (!unit.every(isGood)) return tell(unit);
  // All need what is built here; where it cannot be built, the tests say so and are skipped.
  await once(startNode(['test/cluster/main.ts', 'prepare'], ['ignore', 'inherit', 'inherit']), 'exit');
  const cluster = await runFiles('cluster', {});
  if (values.record) record([...unit, ...cluster]);
  return tell([...unit, ...cluster]);
}

async function runUnit(files?: readonly string[]): Promise<boolean> {
  return tell(await runFiles('unit', {}, files));
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
  await runUnit();
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
    if (concerned.length > 0) await runUnit(concerned);
  }
}

type Stage = 'unit' | 'cluster';

function filesOf(stage: Stage): readonly string[] {
  const ofCluster = (file: string) => file.endsWith('.cluster.test.ts');
  return globSync('test/**/*.test.ts')
    .filter((file) => ofCluster(file) === (stage === 'cluster'))
    .toSorted();
}

function recorded(): Record<string, number> {
  return existsSync(durationsFile)
    ? (JSON.parse(readFileSync(durationsFile, 'utf8')) as Record<string, number>)
    : {};
}

/** Whole tenths of a second: what is less is noise. */
function record(ended: readonly Ended[]): void {
  const sorted = ended
    .flatMap(({ files }) => files)
    .map(({ file, ms }) => [file, Math.max(100, Math.round(ms / 100) * 100)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(durationsFile, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}

/** What became of a process. */
interface Ended {
  readonly files: readonly RunFile[];
  /** Mocha's words on failures and on what was skipped, and what else was said after the tests of such a file. */
  readonly epilogue: readonly string[];
  /** It ran all that it was given, and ended by itself, or had to be ended after it. */
  readonly isWhole: boolean;
}

interface RunFile {
  readonly file: string;
  readonly ms: number;
  readonly results: RunResults;
}

const isGood = ({ files, isWhole }: Ended) => isWhole && files.every(({ results }) => results.failed === 0);

/** Says what came of all. @returns whether all is good */
function tell(ended: readonly Ended[]): boolean {
  for (const { epilogue } of ended) if (epilogue.length > 0) console.log(epilogue.join('\n'));
  const all = ended.flatMap(({ files }) => files.map(({ results }) => results));
  const timed: readonly TimedTest[] = all.flatMap((results) => results.timed);
  console.log(['the ten slowest:', ...slowest(timed, 10), ''].join('\n'));
  const sum = (of: 'passed' | 'failed' | 'skipped') => all.reduce((total, results) => total + results[of], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return ended.every(isGood);
}

async function runFiles(
  stage: Stage,
  environment: NodeJS.ProcessEnv,
  files = filesOf(stage),
): Promise<readonly Ended[]> {
  const processes = Math.min(files.length, processesOf[stage]);
  const queue = new FileQueue(files, {
    processes,
    durations: recorded(),
    unknownMs: unknownMs[stage],
    last,
    shortMs,
  });
  const runAsLongAsThereAre = async (name: string, take: () => string | undefined) => {
    const ended = [await runProcess(name, take, environment)];
    // A process that dies takes one file with it.
    while (ended.at(-1)?.isWhole === false && !queue.isEmpty) {
      ended.push(await runProcess(name, take, environment));
    }
    return ended;
  };
  const running = Array.from({ length: processes }, (_, index) =>
    runAsLongAsThereAre(`${stage} ${index + 1}`, () => queue.take()),
  );
  if (stage === 'cluster') running.push(runAsLongAsThereAre('beside', () => queue.takeShort()));
  return (await Promise.all(running)).flat();
}

/** Starts a process, and gives it files, one after another, until there are none. */
async function runProcess(
  name: string,
  take: () => string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<Ended> {
  const child = startNode(['test/process.ts'], ['ignore', 'pipe', 'pipe', 'ipc'], environment);
  let isToldToEnd = false;
  const end = async () => {
    isToldToEnd = true;
    child.kill('SIGTERM');
    await sleep(endTimeoutMs, undefined, { ref: false });
    child.kill('SIGKILL');
  };
  let deadline: NodeJS.Timeout | undefined;
  const files: RunFile[] = [];
  let current: { readonly file: string; readonly since: number } | undefined;
  const give = () => {
    clearTimeout(deadline);
    const file = current?.file === last ? undefined : take();
    current = file === undefined ? undefined : { file, since: Date.now() };
    deadline = setTimeout(() => void end(), file === undefined ? endTimeoutMs : fileTimeoutMs);
    if (file === undefined) child.disconnect();
    else child.send(file);
  };
  child.on('message', (results: RunResults) => {
    if (current !== undefined) files.push({ file: current.file, ms: Date.now() - current.since, results });
    give();
  });

  const epilogue: string[] = [];
  let ofFile: string[] = [];
  const hear = (colored: string) => {
    const line = stripVTControlCharacters(colored);
    if (ofFile.length === 0 && !/^\s+\d+ passing\b/.test(line)) {
      console.log(`${name.padEnd(9)} | ${line}`);
      return;
    }
    ofFile.push(line);
    const [, failed, skipped] = /^\d+ passed, (\d+) failed, (\d+) skipped$/.exec(line) ?? [];
    if (failed === undefined) return;
    if (failed !== '0' || skipped !== '0') epilogue.push(...ofFile);
    ofFile = [];
  };
  for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', hear);

  give();
  // Not its `close`: what a test has left running may hold the other end of the pipes.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  await sleep(500);
  epilogue.push(...ofFile);
  if (current !== undefined) {
    epilogue.push(`${current.file}: its process ended with ${code ?? signal}`);
    const results = { passed: 0, failed: 1, skipped: 0, timed: [] };
    files.push({ file: current.file, ms: Date.now() - current.since, results });
  } else if (code !== 0 && !isToldToEnd) {
    epilogue.push(`${name} ran its tests, and then ended with ${code ?? signal}`);
  }
  return { files, epilogue, isWhole: current === undefined && (code === 0 || isToldToEnd) };
}

function startNode(
  args: readonly string[],
  stdio: ('ignore' | 'inherit' | 'pipe' | 'ipc')[],
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
    process.exit((await runUnit()) ? 0 : 1);
  case 'watch':
    await watchUnit();
    break;
  default:
    process.stderr.write(`${positionals[0]}: neither unit nor watch\n`);
    process.exit(2);
}
