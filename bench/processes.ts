import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process can be told which core to run on, and there are two. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;

/** Starts Node on one core, where that can be chosen. */
export function startNode(core: 0 | 1, args: readonly string[], stdio: 'quiet' | 'piped'): ChildProcess {
  const command = [process.execPath, ...args];
  const [program = '', ...rest] = canPin ? ['taskset', '-c', String(core), ...command] : command;
  const out = stdio === 'quiet' ? 'ignore' : 'pipe';
  return spawn(program, rest, { stdio: [out, out, 'inherit'] });
}

/** Writes `input` to the program, and returns what it wrote. */
export async function runNode(core: 0 | 1, args: readonly string[], input: string): Promise<string> {
  const child = startNode(core, args, 'piped');
  child.stdin!.end(input);
  const [output, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
  return output;
}

/** Asks a process to end, and waits until it has. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** @throws Error when nobody listens within 20 s, or the process has ended */
export async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`);
    if (await accepts(port)) return;
  }
  throw new Error(`${child.spawnargs.join(' ')} does not listen`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** MiB of memory that a process holds; NaN where there is no /proc. */
export function residentMiB({ pid }: Pick<ChildProcess, 'pid'>): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return NaN;
  }
}

/** Seconds on a core that a process has used; NaN where there is no /proc. */
export function cpuSeconds({ pid }: Pick<ChildProcess, 'pid'>): number {
  try {
    // utime and stime, the 12th and 13th after the name, in ticks; Linux counts 100 a second.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ', 2)[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}
