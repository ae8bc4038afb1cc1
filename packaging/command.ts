import { spawn } from 'node:child_process';

export interface CommandResult {
  /** The exit code; 128 + the signal's number cannot be told apart here, so a signal reads as -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly directory?: string;
  /** After this the command is killed, and `stderr` says so. Default: no limit. */
  readonly timeoutMs?: number;
}

/** Runs a command to its end. A non-zero exit is a result; only a command that cannot start throws. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { cwd: options.directory, env: options.env ?? process.env });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A command may end before it has read its input; its exit code says what that means.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(
    () => {
      stderr.push(Buffer.from(`${command}: killed after ${options.timeoutMs} ms\n`));
      child.kill('SIGKILL');
    },
    options.timeoutMs ?? 2 ** 31 - 1,
  );
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => resolve(exitCode ?? -1));
    });
    return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a command that must succeed. @throws CommandFailed with what the command said */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await runCommand(command, args, options).catch((cause: unknown) => {
    throw new CommandFailed(command, args, 'it cannot be started', cause);
  });
  if (result.code !== 0) {
    throw new CommandFailed(command, args, `exit code ${result.code}: ${result.stderr.trim().slice(-2000)}`);
  }
  return result.stdout;
}

export class CommandFailed extends Error {
  readonly code = 'COMMAND_FAILED';
  constructor(command: string, args: readonly string[], what: string, cause?: unknown) {
    super(`${[command, ...args].join(' ').slice(0, 300)}: ${what}`, { cause });
    this.name = 'CommandFailed';
  }
}
