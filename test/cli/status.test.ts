import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { packageRoot } from '../../packaging/package-root.ts';
import { runStatus } from './status-run.ts';
import { inFolder, readTranscript, replay, type Outcome } from './transcript.ts';

const folder = join(packageRoot, 'test/testdata/status');
const stories = readdirSync(folder).map((name) => {
  const path = join(folder, name);
  return { name, path, transcript: readTranscript(path) };
});

describe('rollguard status', () => {
  describe('stories (UPDATE_TESTDATA=1 rewrites them)', () => {
    for (const { name, path, transcript } of stories) {
      it(name, async () => {
        const now = await replay(transcript, runStatus);
        if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(path, now);
        else expect(now).to.equal(transcript.text);
      });
    }

    it('have every state among them', async () => {
      const states = new Set<string>();
      await eachShown(async (line) => {
        const { stdout } = await runStatus(`${line} -o json`);
        if (stdout !== '') states.add((JSON.parse(stdout) as { state: string }).state);
      });
      expect([...states].toSorted()).to.deep.equal([
        'awaiting',
        'degraded',
        'deleting',
        'held',
        'paused',
        'progressing',
        'settled',
      ]);
    });
  });

  it('ends with the same code as text and as JSON, 1 exactly when a person must act', async () => {
    await eachShown(async (line, name) => {
      const [asText, asJson] = [await runStatus(line), await runStatus(`${line} -o json`)];
      expect(asJson.code, name).to.equal(asText.code);
      if (asJson.code === 2) return expect(asJson.stdout, name).to.equal('');
      const view = JSON.parse(asJson.stdout) as {
        state: string;
        down: boolean;
        next: { needed: boolean; command?: string }[];
      };
      expect(asText.code === 1, name).to.equal(
        view.state === 'held' || view.state === 'awaiting' || view.down,
      );
      // Whoever is told to act is told how.
      if (asText.code === 1) expect(view.next[0], name).to.include({ needed: true });
      for (const { command } of view.next)
        if (command !== undefined) expect(asText.stdout).to.contain(command);
      return undefined;
    });
  });

  it('says the same in colors as without', async () => {
    await eachShown(async (line, name) => {
      const [plain, colored] = [await runStatus(line), await runStatus(line, { color: true })];
      expect(stripVTControlCharacters(colored.stdout), name).to.equal(plain.stdout);
    });
  });

  it('watches on a terminal until what comes later is done, though nothing is under way at first', async () => {
    const watched = await onTerminal(['running.txt', 'upgrading.txt', 'running.txt']);
    expect(watched.code).to.equal(0);
    const frames = watched.stdout.replaceAll('\u001B[', '⎋').split(/⎋\d+A⎋0J/);
    expect(frames.map((frame) => frame.split('\n')[0])).to.deep.equal([
      '✓ bao/prod  Running 2.5.5',
      '◌ bao/prod  Upgrading 2.4.4 → 2.5.5  for 51s',
      '✓ bao/prod  Running 2.5.5',
    ]);
  });

  it('says in its help what the exit codes mean', async () => {
    const { code, stdout } = await runStatus('rollguard status --help');
    expect(code).to.equal(0);
    expect(stdout).to.match(/Exit codes: 0 .*, 1 .*\n2 /);
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(100);
  });
});

/** Each command of the stories that shows a cluster once, in the folder of its story. */
async function eachShown(action: (line: string, story: string) => Promise<unknown>): Promise<void> {
  for (const { name, transcript } of stories) {
    await inFolder(transcript.files, async () => {
      const commands = transcript.steps.filter(({ kind }) => kind === 'command').map(({ line }) => line);
      for (const line of commands) {
        if (/^rollguard status prod(?! .*(--watch|-o ))/.test(line)) await action(line, name);
      }
    });
  }
}

/** Watches on a terminal what the first files of these stories say, one after another. */
async function onTerminal(names: readonly string[]): Promise<Outcome> {
  const files = names.map((name, index): readonly [string, string | Buffer] => [
    `${index + 1}.yaml`,
    stories.find((story) => story.name === name)?.transcript.files.get('1.yaml') ?? '',
  ]);
  return inFolder(new Map(files), () =>
    runStatus('rollguard status prod -n bao --watch', { terminal: { columns: 120, rows: 50 } }),
  );
}
