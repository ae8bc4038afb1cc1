import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { reasonOrder } from '../../src/api/reasons.ts';
import { wantsColor } from '../../src/cli/terminal.ts';
import { packageRoot } from '../../packaging/package-root.ts';
import { skip } from '../support/skip.ts';
import { reviewResult } from './review-result.ts';
import { inFolder, readTranscript, replay, run, type Outcome } from './transcript.ts';

const folder = join(packageRoot, 'test/testdata/review');
const transcripts = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => ({ name, path: join(folder, name), transcript: readTranscript(join(folder, name)) }));

const cluster = 'apiVersion: openbao.org/v1alpha1\nkind: OpenBaoCluster\nmetadata: {name: prod}\n';
const allowed = '✓ openbaocluster default/prod CREATE allowed\n1 allowed, 0 refused\n';
const validateResult = new Ajv({ strict: true, allowUnionTypes: true }).compile<{ allowed: boolean }>(
  reviewResult,
);

/** What `review -f change.yaml` says to these bytes. */
const reviewBytes = (content: string | Buffer, name = 'change.yaml'): Promise<Outcome> =>
  inFolder(new Map([[name, content]]), () => run(`rollguard review -f ${name} --state ${name} --gate-only`));

const reviewNew = (content: string | Buffer, options = ''): Promise<Outcome> =>
  inFolder(new Map([['change.yaml', content]]), () => run(`rollguard review -f change.yaml${options}`));

describe('rollguard review', () => {
  describe('transcripts (UPDATE_TESTDATA=1 rewrites them)', () => {
    for (const { name, path, transcript } of transcripts) {
      it(name, async () => {
        const now = await replay(transcript);
        if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(path, now);
        else expect(now).to.equal(transcript.text);
      });
    }

    it('show every reason that the gate gives', () => {
      // Read anew: they may just have been rewritten.
      const all = transcripts.map(({ path }) => readTranscript(path).text).join('\n');
      const shown = reasonOrder.filter((reason) => new RegExp(`^  ${reason} at `, 'm').test(all));
      expect(shown).to.deep.equal(reasonOrder);
    });

    it('never show a stack or a path of this machine', () => {
      for (const { transcript } of transcripts)
        expect(transcript.text).not.to.match(/\n\s+at .*:\d+:\d+|file:\/\/|node_modules/);
    });
  });

  describe('as JSON', () => {
    // In options.txt it is the command line that is wrong.
    for (const { name, transcript } of transcripts.filter((each) => each.name !== 'options.txt')) {
      it(`says the same as text: ${name}`, async () => {
        await inFolder(transcript.files, async () => {
          for (const { line } of transcript.steps.filter(({ kind }) => kind === 'command')) {
            const [words = '', input] = line.split(' < ');
            if (/ -o |--help/.test(words)) continue;
            const asText = await run(line);
            const asJson = await run(`${words} -o json${input === undefined ? '' : ` < ${input}`}`);
            expect(asJson.code, line).to.equal(asText.code);
            expect(asJson.stderr, line).to.equal(asText.stderr);
            if (asJson.code === 2) {
              expect(asJson.stdout, line).to.equal('');
              continue;
            }
            const result: unknown = JSON.parse(asJson.stdout);
            expect(validateResult(result), `${line}: ${JSON.stringify(validateResult.errors)}`).to.equal(
              true,
            );
            expect((result as { allowed: boolean }).allowed, line).to.equal(asJson.code === 0);
          }
        });
      });
    }

    it('has a schema that refuses another shape', () => {
      expect(validateResult({ allowed: true, results: [{}] })).to.equal(false);
      expect(validateResult({ allowed: true, results: [], more: 1 })).to.equal(false);
    });
  });

  describe('reads', () => {
    const spec = 'spec: {version: 2.5.5}\n';
    const readable: Record<string, string | Buffer> = {
      'Windows line ends': `${cluster}${spec}`.replaceAll('\n', '\r\n'),
      'a byte order mark': `\ufeff${cluster}${spec}`,
      'no newline at the end': `${cluster}${spec}`.trimEnd(),
      'tabs in JSON': JSON.stringify(
        {
          apiVersion: 'openbao.org/v1alpha1',
          kind: 'OpenBaoCluster',
          metadata: { name: 'prod' },
          spec: { version: '2.5.5' },
        },
        null,
        '\t',
      ),
      'a document end mark': `---\n${cluster}${spec}...\n`,
      'empty fields that Kubernetes takes for absent ones': `${cluster.replace('{name: prod}', '{name: prod, annotations: , creationTimestamp: ~}')}${spec}`,
    };
    for (const [name, content] of Object.entries(readable)) {
      it(name, async () => {
        const { code, stdout } = await reviewNew(content);
        expect(stdout).to.equal(allowed);
        expect(code).to.equal(0);
      });
    }

    it('fields of other operators', async () => {
      const content = `${cluster}spec: {version: 2.5.5, replicas: 3, storage: {disks: 2}}\n`;
      expect((await reviewNew(content, ' --gate-only')).stdout).to.equal(allowed);
      expect((await reviewNew(content)).stdout).to.contain('Invalid at spec.storage.disks');
    });

    it('the position behind a byte order mark and Windows line ends', async () => {
      const { stdout } = await reviewNew(`\ufeff${cluster}spec:\n  version: 2.5\n`.replaceAll('\n', '\r\n'));
      expect(stdout).to.contain('Invalid at spec.version (change.yaml:5:12)');
    });

    it('the position behind a byte order mark on the same line', async () => {
      const { stderr } = await reviewNew('\ufeff{"apiVersion": 1}');
      expect(stderr).to.match(/^change\.yaml:1:16: error: apiVersion is the number 1/);
    });

    it('empty fields of pods', async () => {
      const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: }\nspec: {nodeName: }\n';
      const { stdout } = await reviewNew(pod);
      expect(stdout).to.equal('✓ pod default/p CREATE allowed\n1 allowed, 0 refused\n');
    });

    it('10 MB of pods as JSON', async function () {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', labels: { app: 'web' }, annotations: { note: 'x'.repeat(2_000) } },
      };
      const state = JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: Array.from({ length: 5_000 }, () => pod),
      });
      expect(state.length).to.be.greaterThan(10_000_000);
      const files = new Map([
        ['state.json', state],
        ['change.yaml', `${cluster}${spec}`],
      ]);
      const { stdout } = await inFolder(files, () =>
        run('rollguard review -f change.yaml --state state.json'),
      );
      expect(stdout).to.equal(allowed);
    });

    it('the folders of samples: the admitted and the refused', async () => {
      const samples = join(packageRoot, 'manifests/samples');
      const admitted = await run(`rollguard review -f ${samples}`);
      expect(admitted.code, admitted.stdout).to.equal(0);
      const refused = await run(`rollguard review -f ${samples}/refused --old ${samples}/refused/stored`);
      expect(refused.code).to.equal(1);
      const files = readdirSync(`${samples}/refused`).filter((name) => name.endsWith('.yaml'));
      expect(refused.stdout).to.match(new RegExp(`^0 allowed, ${files.length} refused$`, 'm'));
    });
  });

  describe('says what is wrong with', () => {
    const unreadable: readonly [string, string | Buffer, string][] = [
      [
        'a binary file',
        Buffer.from([0x61, 0x0a, 0x62, 0xff, 0xfe]),
        'change.yaml:2:2: error: this is not UTF-8 text',
      ],
      [
        'an executable',
        Buffer.from('\x7fELF\x02\x01\x01\0\0'),
        'change.yaml:1:1: error: the control character U+007F',
      ],
      [
        'UTF-16',
        Buffer.from('\ufeffkind: Pod', 'utf16le'),
        'change.yaml:1:1: error: this is UTF-16, not UTF-8',
      ],
      [
        'an escape sequence',
        'kind: Pod\nx: \x1b[31mred',
        'change.yaml:2:4: error: the control character U+001B',
      ],
      ['deep nesting', `a: ${'['.repeat(2_000)}`, 'error: this is nested too deeply'],
      ['deep JSON', `{"a": ${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 'error: this is nested too deeply'],
      ['too large a file', '#'.repeat(17 * 1024 * 1024), 'change.yaml: error: this is larger than 16 MiB'],
      [
        'an unfinished string',
        `{"a": "${'x'.repeat(200_000)}`,
        'error: this is not YAML: missing closing "quote',
      ],
    ];
    for (const [name, content, message] of unreadable) {
      it(name, async function () {
        const { code, stdout, stderr } = await reviewNew(content);
        expect(stderr).to.contain(message);
        expect(stderr).to.match(/^change\.yaml:.*; .+\n$/);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      });
    }

    it('a file that may not be read', async function () {
      const isRoot = process.getuid?.() === 0;
      if (process.seteuid === undefined) skip(this, 'this system has no users', 'posix');
      const { chmodSync } = await import('node:fs');
      await inFolder(new Map([['secret.yaml', cluster]]), async (here) => {
        chmodSync(here, 0o755);
        chmodSync('secret.yaml', 0);
        // Root may read everything.
        if (isRoot) process.seteuid?.(65534);
        try {
          const { code, stderr } = await run('rollguard review -f secret.yaml');
          expect(stderr).to.equal(
            'secret.yaml: error: reading it is not permitted; run as a user who may read it, or change its mode\n',
          );
          expect(code).to.equal(2);
        } finally {
          if (isRoot) process.seteuid?.(0);
        }
      });
    });

    it('many fields, up to twenty', async () => {
      const one = `${cluster}spec: {version: 1, image: 2}\n`;
      const { stderr } = await reviewNew(Array(20).fill(one).join('---\n'), ' --gate-only');
      expect(stderr.split('\n').filter((line) => line.includes('error:'))).to.have.length(20);
      expect(stderr).to.match(/… and 20 more\n$/);
    });
  });

  it('shows names from a file without what could steer a terminal', async () => {
    const name = '"a\\e[2J\\nb\\u202e"';
    const { stdout } = await reviewBytes(
      `apiVersion: openbao.org/v1alpha1\nkind: OpenBaoCluster\nmetadata: {name: ${name}}\nspec: {version: 2.5.5}\n`,
    );
    expect(stdout).to.equal(
      '✓ openbaocluster default/a<U+001B>[2J<U+000A>b<U+202E> UPDATE allowed\n1 allowed, 0 refused\n',
    );
  });

  describe('colors', () => {
    const cases: readonly [string, boolean | undefined, NodeJS.ProcessEnv, boolean][] = [
      ['on a terminal', true, {}, true],
      ['not in a pipe', undefined, {}, false],
      ['not where NO_COLOR is set', true, { NO_COLOR: '1' }, false],
      ['where NO_COLOR is empty', true, { NO_COLOR: '' }, true],
      ['where FORCE_COLOR is set', undefined, { FORCE_COLOR: '1' }, true],
      ['not where FORCE_COLOR is 0', true, { FORCE_COLOR: '0' }, false],
      ['not on a dumb terminal', true, { TERM: 'dumb' }, false],
    ];
    for (const [name, isTTY, environment, expected] of cases) {
      it(name, () => {
        const stream = isTTY === undefined ? {} : { isTTY };
        expect(wantsColor(stream, environment)).to.equal(expected);
      });
    }
  });

  describe('as a process', () => {
    it('reads standard input and prints without colors into a pipe', async () => {
      const outcome = await runProcess(['-f', '-'], `${cluster}spec: {version: 2.5.5}\n`);
      expect(outcome).to.include({ code: 0, stdout: allowed });
    });

    it('prints with colors where it is told to', async () => {
      const { stdout } = await runProcess(['-f', '-'], `${cluster}spec: [\n`, {
        FORCE_COLOR: '1',
      });
      expect(stdout).to.equal('');
      const refused = await runProcess(['-f', '-'], `${cluster}spec: {version: "2"}\n`, { FORCE_COLOR: '1' });
      expect(refused.stdout).to.contain('\u001b[31m✗\u001b[39m');
      expect(refused.code).to.equal(1);
    });

    it('ends with 2 for an option it does not know, and with 0 for --help', async () => {
      expect((await runProcess(['--nope'], '')).code).to.equal(2);
      expect((await runProcess(['--help'], '')).code).to.equal(0);
    });
  });
});

/** Runs the command in a process of its own. */
function runProcess(
  args: readonly string[],
  input: string,
  environment: Record<string, string> = {},
): Promise<Outcome> {
  const module = new URL('../../src/commands/review.ts', import.meta.url);
  const script = `const { reviewCommand } = await import('${module.href}'); await reviewCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
      env: { ...env, ...environment },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? undefined, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
