import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ReviewIo } from '../../src/cli/review.ts';
import { reviewCommand } from '../../src/commands/review.ts';

/**
 * A notebook of command lines with what they print: prose, then files
 * (`-- name --`), then `$ commands`. What a command writes to standard error is marked
 * `2> `, and each ends with its exit code.
 */
export interface Transcript {
  readonly text: string;
  readonly files: ReadonlyMap<string, string>;
  readonly steps: readonly (Command | Prose)[];
}

interface Command {
  readonly kind: 'command';
  /** After the `$ `. */
  readonly line: string;
}

interface Prose {
  readonly kind: 'prose';
  readonly line: string;
}

export interface Outcome {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export function readTranscript(path: string): Transcript {
  const text = readFileSync(path, 'utf8');
  const files = new Map<string, string>();
  const steps: (Command | Prose)[] = [];
  let file: string | undefined;
  let inOutput = false;
  const lines = text.replace(/\n$/, '').split('\n');
  for (const [at, line] of lines.entries()) {
    const name = /^-- (\S+) --$/.exec(line)?.[1];
    if (line.startsWith('$ ')) {
      steps.push({ kind: 'command', line: line.slice(2) });
      // A new command has no output yet: what comes after a blank line is prose again.
      [file, inOutput] = [undefined, (lines[at + 1] ?? '') !== ''];
    } else if (inOutput) {
      inOutput = !/^\[exit \S+\]$/.test(line);
    } else if (name === undefined && file !== undefined) {
      files.set(file, `${files.get(file) ?? ''}${line}\n`);
    } else {
      steps.push({ kind: 'prose', line });
      if (name !== undefined) files.set((file = name), '');
    }
  }
  return { text, files, steps };
}

/**
 * The transcript as it should read: the same commands, with what they print now.
 *
 * @param runLine runs one command line, in the folder of the files; default: `rollguard review`
 */
export async function replay(
  transcript: Transcript,
  runLine: (line: string) => Promise<Outcome> = run,
): Promise<string> {
  const lines: string[] = [];
  await inFolder(transcript.files, async () => {
    for (const step of transcript.steps) {
      if (step.kind === 'prose') {
        const name = /^-- (\S+) --$/.exec(step.line)?.[1];
        lines.push(step.line, ...(name === undefined ? [] : contentLines(transcript.files.get(name) ?? '')));
        continue;
      }
      const { code, stdout, stderr } = await runLine(step.line);
      lines.push(
        `$ ${step.line}`,
        ...contentLines(stdout),
        ...contentLines(stderr).map((line) => `2> ${line}`),
        `[exit ${code}]`,
      );
    }
  });
  return `${lines.join('\n')}\n`;
}

const contentLines = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Runs something in a new folder that holds these files. */
export async function inFolder<T>(
  files: ReadonlyMap<string, string | Buffer>,
  action: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rollguard-review-'));
  const before = process.cwd();
  try {
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    process.chdir(folder);
    return await action(folder);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
}

/**
 * Runs a command line of `rollguard review` in this process.
 *
 * @param line may end with `< FILE`; quotes keep words together
 */
export async function run(line: string): Promise<Outcome> {
  const [, words = '', input] = /^rollguard review ?(.*?)(?: < (\S+))?$/.exec(line) ?? [];
  const args = [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  let [stdout, stderr] = ['', ''];
  let code: number | undefined;
  const io: ReviewIo = {
    async *stdin() {
      yield input === undefined ? Buffer.alloc(0) : readFileSync(input);
    },
    write: (text) => void (stdout += text),
    writeError: (text) => void (stderr += text),
    exitCode: (value) => void (code = value),
    abort: (value) => {
      code = value;
      throw new Aborted();
    },
    color: { stdout: false, stderr: false },
  };
  try {
    await reviewCommand(io).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof Aborted)) throw error;
  }
  return { code, stdout, stderr };
}

/** In place of the end of the process. */
class Aborted extends Error {}
