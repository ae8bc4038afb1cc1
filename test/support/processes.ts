import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { poll } from './polling.ts';

/** A process, named so that another one which got its pid later is never mistaken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat, proc_pid_stat(5). */
  readonly startTime: string;
}

/** A process of the ground that this one started. */
export interface GroundProcess extends ProcessIdentity {
  readonly name: string;
  readonly logFile: string;
  /** Whether it is `nsenter`, whose child is the process meant. */
  readonly isEntered: boolean;
  hasEnded(): boolean;
}

interface ProcessStat {
  readonly state: string;
  readonly parent: number;
  readonly startTime: string;
}

function readStat(pid: number): ProcessStat | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the command in brackets and may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', parent: Number(fields[1]), startTime: fields[19] ?? '' };
}

/** @throws Error when there is no such process */
export function identify(pid: number): ProcessIdentity {
  const stat = readStat(pid);
  if (stat === undefined) throw new Error(`there is no process ${pid}`);
  return { pid, startTime: stat.startTime };
}

/** Whether this very process still runs. A zombie has ended. */
export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.startTime === startTime && stat.state !== 'Z' && stat.state !== 'X';
}

/** Sends the signal to this very process, if it still runs. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until none of them runs. Resolves to those that still do after `timeoutMs`. */
export async function waitUntilEnded(
  processes: readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<readonly ProcessIdentity[]> {
  const deadline = Date.now() + timeoutMs;
  let left = processes.filter(isRunning);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(20);
    left = left.filter(isRunning);
  }
  return left;
}

/** The first child of a process. */
export function childOf(pid: number): ProcessIdentity | undefined {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(Number(entry));
    if (stat?.parent === pid) return { pid: Number(entry), startTime: stat.startTime };
  }
  return undefined;
}

/** Sends the signal to the process meant: what `nsenter` runs ends, and `nsenter` with it. */
export function signalMeant(target: GroundProcess, name: NodeJS.Signals): void {
  const meant = target.isEntered ? childOf(target.pid) : target;
  if (meant !== undefined) signal(meant, name);
}

export interface ProcessOptions {
  readonly name: string;
  /** What stands before the command: how to enter the ground's namespaces. */
  readonly prefix?: readonly string[];
  readonly command: readonly string[];
  readonly logDirectory: string;
}

/**
 * Starts a process whose output goes to a log file, and which the kernel kills when this
 * process ends, however it ends (PR_SET_PDEATHSIG, prctl(2)).
 *
 * It leads a session of its own, so that Ctrl-C in a terminal reaches the owner alone and
 * the owner stops things in order.
 */
export function startProcess({ name, prefix = [], command, logDirectory }: ProcessOptions): GroundProcess {
  const logFile = join(logDirectory, `${name}.log`);
  const log = openSync(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn('setpriv', ['--pdeathsig', 'KILL', ...prefix, ...command], {
      stdio: ['ignore', log, log],
      detached: true,
      env: componentEnvironment(),
    });
  } finally {
    closeSync(log);
  }
  if (child.pid === undefined) throw new Error(`${name} cannot be started: setpriv is not there`);
  child.once('error', () => {});
  // The process must not keep its owner's event loop alive: a test run ends when its tests have.
  child.unref();
  return {
    ...identify(child.pid),
    name,
    logFile,
    isEntered: prefix.length > 0,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  };
}

/** Only what a component needs: a proxy variable, say, would send the API server's webhook calls astray. */
function componentEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    // The components are small and many: a fifth of their time would go into collecting garbage early.
    GOGC: '400',
    GOMEMLIMIT: '1GiB',
  };
}

/**
 * Waits until `isReady` holds.
 *
 * @throws Error when the process ends first or the time is up, with the end of its log
 */
export async function waitUntilReady(
  awaited: GroundProcess,
  isReady: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const isReadyNow = () => {
    if (awaited.hasEnded())
      throw new Error(`${awaited.name} ended at its start:\n${endOfLog(awaited.logFile)}`);
    return isReady();
  };
  if ((await poll(isReadyNow, { leastPauseMs: 50, timeoutMs })) === undefined) {
    throw new Error(
      `${awaited.name} is not ready after ${timeoutMs / 1000} s:\n${endOfLog(awaited.logFile)}`,
    );
  }
}

function endOfLog(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}
