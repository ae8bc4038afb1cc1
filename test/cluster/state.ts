import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from '../../packaging/command.ts';
import { identify, isRunning, signal, waitUntilEnded, type ProcessIdentity } from '../support/processes.ts';
import { removeCgroup } from './cgroup.ts';

/**
 * What a ground has put on the machine. It is written before each thing is made, so that
 * whoever comes next can remove what an owner that was killed left.
 */
export interface GroundRecord {
  readonly size: 'control-plane' | 'node';
  /** One line: where the cluster came from. */
  readonly source: string;
  /** Started by hand, to run until it is stopped by hand. */
  readonly kept: boolean;
  readonly processes: Readonly<Record<string, ProcessIdentity>>;
  /** The host's end of the pair of network devices, by its index (`if7`), for `node`. */
  readonly uplink?: string;
  /** The name of the cgroup that holds the pods, for `node`. */
  readonly cgroup?: string;
}

const prefix = 'rollguard-ground-';

/**
 * Makes a ground's state directory. Its name holds the owner's pid and start time: with the
 * name it is known whose it is, there is no moment at which it belongs to nobody.
 */
export function createStateDirectory(): string {
  const { pid, startTime } = identify(process.pid);
  const directory = mkdtempSync(join(tmpdir(), `${prefix}${pid}-${startTime}-`));
  mkdirSync(join(directory, 'logs'));
  return directory;
}

function ownerOf(directoryName: string): ProcessIdentity | undefined {
  const match = /^rollguard-ground-(\d+)-(\d+)-/.exec(directoryName);
  if (match === null) return undefined;
  return { pid: Number(match[1]), startTime: match[2] ?? '' };
}

export function writeRecord(directory: string, record: GroundRecord): void {
  const file = join(directory, 'ground.json');
  writeFileSync(`${file}.new`, JSON.stringify(record, undefined, 2));
  renameSync(`${file}.new`, file);
}

export function readRecord(directory: string): GroundRecord | undefined {
  const file = join(directory, 'ground.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GroundRecord) : undefined;
}

/** A ground some process of this machine owns or owned. */
export interface KnownGround {
  readonly directory: string;
  readonly owner: ProcessIdentity;
  readonly record: GroundRecord | undefined;
}

/** The grounds whose state directories lie in the machine's temporary folder and are the caller's (all, for root). */
export function knownGrounds(): readonly KnownGround[] {
  const known: KnownGround[] = [];
  for (const name of readdirSync(tmpdir())) {
    const owner = ownerOf(name);
    const directory = join(tmpdir(), name);
    if (owner === undefined || !isOurs(directory)) continue;
    known.push({ directory, owner, record: readRecord(directory) });
  }
  return known;
}

function isOurs(directory: string): boolean {
  const user = process.getuid?.();
  const owner = statSync(directory, { throwIfNoEntry: false })?.uid;
  return owner !== undefined && (user === 0 || owner === user);
}

/**
 * Removes every ground whose owner is gone: the owner was killed before it could stop it.
 *
 * @returns a line for each, on what was removed or why it could not be
 */
export async function removeLeftovers(): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { directory, owner, record } of knownGrounds()) {
    if (isRunning(owner)) continue;
    try {
      await removeGround(directory, record);
      lines.push(`removed ${directory}, whose owner is gone`);
    } catch (error) {
      lines.push(`could not remove ${directory}, whose owner is gone: ${String(error)}`);
    }
  }
  return lines;
}

/** Ends what the record names and removes the state directory. */
export async function removeGround(directory: string, record: GroundRecord | undefined): Promise<void> {
  const processes = Object.values(record?.processes ?? {});
  for (const each of processes) signal(each, 'SIGKILL');
  const running = await waitUntilEnded(processes, 60_000);
  if (running.length > 0) throw new Error(`processes ${running.map(({ pid }) => pid).join(', ')} do not end`);
  // It goes with its namespace, but the kernel takes its time over that. By its index: the name may be another's by now.
  if (record?.uplink !== undefined) await runCommand('ip', ['link', 'delete', record.uplink]);
  if (record?.cgroup !== undefined) await removeCgroupSoon(record.cgroup);
  await unmountBelow(directory);
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

async function removeCgroupSoon(name: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!removeCgroup(name)) {
    if (Date.now() > deadline) throw new Error(`the cgroup ${name} is in use`);
    await delay(50);
  }
}

/** The same for a process that is about to exit. What it cannot do in three seconds is left to the next start. */
export function removeGroundNow(directory: string): void {
  const record = readRecord(directory);
  const processes = Object.values(record?.processes ?? {});
  for (const each of processes) signal(each, 'SIGKILL');
  const deadline = Date.now() + 3000;
  const isBusy = () =>
    processes.some(isRunning) || (record?.cgroup !== undefined && !removeCgroup(record.cgroup));
  while (isBusy()) {
    if (Date.now() > deadline) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

/**
 * Unmounts what is mounted below a directory, so that removing it cannot reach into what is mounted.
 * The ground mounts in a namespace of its own; this is for what a person mounted there.
 */
async function unmountBelow(directory: string): Promise<void> {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${directory}/`));
  for (const point of points.toReversed()) await runCommand('umount', ['--lazy', point]);
}
