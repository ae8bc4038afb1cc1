import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

/** What each command of a story does in its world, and the lines that tell what followed. */
export type Commands<World> = Readonly<
  Record<string, (world: World, words: readonly string[]) => readonly string[]>
>;

/**
 * A story, told by commands with what follows from them, after etcd/raft's testdata: prose, then a command and its
 * arguments, then `----`, what happened, and an empty line.
 *
 * @param named puts words that last in place of names that depend on hashes
 * @returns the same story with what happens now
 */
export function tellBy<World>(
  commands: Commands<World>,
  world: World,
  text: string,
  named: (line: string) => string = (line) => line,
): string {
  const told: string[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const [command = '', ...words] = line.split(' ');
    const perform = commands[command];
    if (line.startsWith('#') || perform === undefined) {
      if (line !== '' && !line.startsWith('#')) throw new Error(`no such command: ${line}`);
      told.push(line);
      continue;
    }
    told.push(line, '----', ...perform(world, words).map(named));
    if (lines[at + 1] === '----') {
      at++;
      while (at + 1 < lines.length && lines[at + 1] !== '') at++;
    }
  }
  return told.join('\n');
}

/** `UPDATE_TESTDATA=1` writes what happens now; the diff is then read. */
const update = process.env['UPDATE_TESTDATA'] === '1';

/** Tells every story of a folder, whose path starts at the root of the package: npm runs every script there. */
export function describeStories(title: string, folder: string, tell: (text: string) => string): void {
  describe(title, () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));

    it('are there', () => {
      expect(files.length).to.be.above(10);
    });

    for (const name of files) {
      it(`go as ${name} tells`, () => {
        const path = join(folder, name);
        const text = readFileSync(path, 'utf8');
        const told = tell(text);
        if (update) writeFileSync(path, told);
        else expect(told).to.equal(text);
      });
    }
  });
}

/** Words such as `version=2.5.6`; a word alone is `true`. */
export function optionsOf(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      return at === -1 ? [word, 'true'] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

/** Tells of an operation that a controller and its Jobs carry out. */
interface OperationTeller {
  readonly world: {
    /** Milliseconds since the epoch. */
    readonly now: number;
    tick(milliseconds: number): void;
    /** Why the Jobs of an action fail. */
    readonly jobFailures: Map<string, string>;
  };
  run(words: readonly string[]): readonly string[];
  crash(phase: string): readonly string[];
  status(): readonly string[];
}

/** The commands that all stories of such operations have. */
export const operationCommands: Commands<OperationTeller> = {
  /** fail-jobs snapshot the store said 403: such Jobs fail from now on */
  'fail-jobs': ({ world }, [action = '', ...why]) => {
    world.jobFailures.set(action, why.join(' '));
    return [];
  },
  'mend-jobs': ({ world }, [action = '']) => {
    world.jobFailures.delete(action);
    return [];
  },
  /** run until=<phase> [for=60]: what else may be waited for, each story says */
  run: (teller, words) => teller.run(words),
  /** crash at=Syncing: runs until a status of that phase is written, and ends before any effect */
  crash: (teller, words) => teller.crash(optionsOf(words)['at'] ?? ''),
  /** away 3600: no controller looks for these seconds */
  away: ({ world }, [seconds]) => {
    for (const end = world.now + Number(seconds) * 1_000; world.now < end;) world.tick(5_000);
    return [];
  },
  /** status: what stands in the status now */
  status: (teller) => teller.status(),
};
