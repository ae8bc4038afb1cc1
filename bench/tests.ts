/**
 * `npm run bench -- tests DIR_A DIR_B [--rounds=N]`: runs `npm test` in two checkouts of this project, one after the
 * other, and prints what each took and the ratio of the second to the first: wall time, and the CPU time of all that
 * the run has started, pods and re-parented processes included. Then it says which test titles of the first checkout
 * the second does not have.
 *
 * The machine should do nothing else meanwhile, and both checkouts should have run once, so that their caches are
 * warm. What a run prints goes to DIR/../NAME-ROUND.log.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  globSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './report.ts';

interface Run {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** The last line: `N passed, N failed, N skipped`. */
  readonly sum: string;
}

/**
 * Enters a cgroup of its own and starts the command with it as the root of all cgroups, so that nothing which
 * the run puts into cgroups, such as pods, leaves it.
 */
const inCgroup = `
mount -t cgroup,cgroup2 | while read -r _ _ point _; do
  mkdir "$point/$0"
  # Version 1 takes no process before these are set.
  for file in cpuset.cpus cpuset.mems; do
    if [ -e "$point/$file" ] && [ -w "$point/$0/$file" ]; then cat "$point/$file" >"$point/$0/$file"; fi
  done
  echo $$ >"$point/$0/cgroup.procs"
done
exec unshare --cgroup --mount --propagation private sh -ec '
mount -t cgroup,cgroup2 | while read -r _ _ point _ type options; do
  controller=$(echo "$options" | tr -d "()" | tr "," "\\n" | grep -vE "^(rw|ro|.*atime|nosuid|nodev|noexec|nsdelegate|memory_.*|release_agent.*|xattr|clone_children)$" | paste -sd, -)
  umount "$point"
  mount -t "$type" \${controller:+-o "$controller"} none "$point"
  # In version 2 a cgroup has processes or children.
  if [ "$type" = cgroup2 ]; then mkdir "$point/run" && echo $$ >"$point/run/cgroup.procs"; fi
done
exec "$@"' "$0" "$@"`;

async function measured(checkout: string, logFile: string): Promise<Run> {
  const name = `rollguard-bench-${process.pid}-${Date.now()}`;
  const hasCgroups = process.getuid?.() === 0;
  const command = ['npm', 'test'];
  const log = openSync(logFile, 'w');
  const childrenBefore = cpuOfChildren();
  const begun = performance.now();
  const child = spawn('sh', hasCgroups ? ['-ec', inCgroup, name, ...command] : ['-c', command.join(' ')], {
    cwd: checkout,
    stdio: ['ignore', log, log],
  });
  await once(child, 'exit');
  const wallSeconds = (performance.now() - begun) / 1000;
  closeSync(log);
  // Without cgroups: what was waited for, which leaves out what was re-parented.
  const cpuSeconds = hasCgroups ? takeCgroup(name) : cpuOfChildren() - childrenBefore;
  const sum = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return { wallSeconds, cpuSeconds, sum };
}

/** Reads the CPU seconds of a cgroup and those below it, and removes them. */
function takeCgroup(name: string): number {
  const points = spawnSync('mount', ['-t', 'cgroup,cgroup2'], { encoding: 'utf8' })
    .stdout.split('\n')
    .flatMap((line) => line.split(' ')[2] ?? []);
  const read = (file: string) =>
    points.flatMap((point) => {
      try {
        return [readFileSync(join(point, name, file), 'utf8')];
      } catch {
        return [];
      }
    })[0];
  // Version 1, where pods are in it, counts in nanoseconds, version 2 in microseconds.
  const [ofOne, ofTwo] = [read('cpuacct.usage'), read('cpu.stat')];
  const seconds =
    ofOne === undefined
      ? Number(/^usage_usec (\d+)/m.exec(ofTwo ?? '')?.[1] ?? NaN) / 1e6
      : Number(ofOne) / 1e9;
  for (const point of points) removeTree(join(point, name));
  return seconds;
}

/** From the leaves up. What a run has left running keeps its cgroup. */
function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(folder, entry.name));
    }
    rmdirSync(folder);
  } catch {
    process.stderr.write(`${folder} is still in use\n`);
  }
}

/** Of all children of this process that have ended, and theirs. Fields 16 and 17 of proc_pid_stat(5), in 1/100 s. */
function cpuOfChildren(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** The full titles of all tests of a checkout; nothing is run. */
function titles(checkout: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'rollguard-titles-'));
  try {
    const output = join(folder, 'tests.json');
    const files = globSync('test/**/*.test.ts', { cwd: checkout });
    const args = ['node_modules/mocha/bin/mocha.js', '--no-config', '--dry-run', '--reporter=json'];
    spawnSync(process.execPath, [...args, `--reporter-option=output=${output}`, ...files], { cwd: checkout });
    const { tests } = JSON.parse(readFileSync(output, 'utf8')) as { tests: { fullTitle: string }[] };
    return tests.map(({ fullTitle }) => fullTitle);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Those of the first that the second has not, or has less often. */
function missing(those: readonly string[], there: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const title of there) left.set(title, (left.get(title) ?? 0) + 1);
  return those.filter((title) => {
    const count = left.get(title) ?? 0;
    left.set(title, count - 1);
    return count <= 0;
  });
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '1' }, quick: { type: 'boolean' } },
});
const [, first, second] = positionals;
if (first === undefined || second === undefined) {
  process.stderr.write('npm run bench -- tests DIR_A DIR_B [--rounds=N]\n');
  process.exit(2);
}
const checkouts = [resolve(first), resolve(second)] as const;
const runs: readonly [Run[], Run[]] = [[], []];
for (let round = 1; round <= Number(values.rounds); round += 1) {
  for (const [index, checkout] of checkouts.entries()) {
    const run = await measured(checkout, `${checkout}-${round}.log`);
    runs[index]?.push(run);
    const { wallSeconds, cpuSeconds, sum } = run;
    console.log(
      `${basename(checkout).padEnd(20)} round ${round}: ${wallSeconds.toFixed(0)} s, CPU ${cpuSeconds.toFixed(0)} s: ${sum}`,
    );
  }
}
const [before, after] = runs;
for (const [what, of] of [
  ['wall time', (run: Run) => run.wallSeconds],
  ['CPU time', (run: Run) => run.cpuSeconds],
] as const) {
  const [a, b] = [median(before.map(of)), median(after.map(of))];
  console.log(`${what}: ${a.toFixed(0)} s before, ${b.toFixed(0)} s after: ${(b / a).toFixed(2)}x`);
}
const lost = missing(titles(checkouts[0]), titles(checkouts[1]));
console.log(`${lost.length} test titles of ${first} are not in ${second}${lost.length > 0 ? ':' : ''}`);
for (const title of lost) console.log(`  ${title}`);
