import { expect } from 'chai';
import { globSync, readFileSync } from 'node:fs';
import { faultOfPair, readBundle, readCertificate, readPrivateKey } from '../certs/material.ts';
import { executorReportOf } from '../src/core/jobs/executor-report.ts';
import { jobFailure, versionOf } from '../src/core/jobs/job-outcome.ts';
import { versionInName } from '../src/core/jobs/snapshot-name.ts';
import { literal } from '../src/core/model/literal.ts';
import { parseDuration } from '../src/core/model/duration.ts';
import { printable } from '../src/core/model/printable.ts';
import { withoutOuterSlashes } from '../src/core/model/slashes.ts';
import { startupFailure } from '../src/core/model/startup-failure.ts';
import { mayBeSpelling, parseImageReference } from '../src/core/version/image-reference.ts';
import { parseVersion } from '../src/core/version/version.ts';
import { canonicalQuantity, milliOf } from '../src/core/workload/quantity.ts';
import { findJson } from '../src/cli/manifests/json.ts';
import { element } from '../src/io/object-store/s3-errors.ts';
import { answerReason, saidIn } from '../src/io/openbao/error.ts';
import { readSnapshotMeta } from '../src/io/snapshot/meta.ts';
import { decodeReview } from '../webhooks/admission-review.ts';
import { patternsIn, type FoundPattern } from './support/regex-literals.ts';

/** Twice the input may take so many times as long. */
const most = 2.2;

/** What takes fewer milliseconds at four times the input is no harm: what is quadratic takes far more there. */
const negligibleMs = { pattern: 15, reader: 200 } as const;

type Make = (mark: string) => () => unknown;

let marks = 0;

/** Milliseconds that this thread has had a processor. They are counted up to this many late, once a tick. */
const tickMs = 4;
function ownMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Milliseconds, the least of some tries: whatever else the machine does only adds. Each try has a text of its own, by
 * its mark: V8 remembers what a pattern found in a text.
 */
function leastMs(make: (mark: string) => () => unknown, tries: number): number {
  const times = Array.from({ length: tries }, () => {
    const run = make(`\u0001${++marks}`);
    const since = performance.now();
    const ownSince = ownMs();
    try {
      run();
    } catch {
      // A refusal is an answer.
    }
    return Math.min(ownMs() - ownSince + tickMs, performance.now() - since);
  });
  return Math.min(...times);
}

/** Why it is slower than linear in `size`, as measured; undefined where it is not. */
function whyNotLinear(
  make: (size: number, mark: string) => () => unknown,
  size: number,
  negligible: number,
): string | undefined {
  const [little, one, two, four] = [size / 64, size, 2 * size, 4 * size].map(
    (length) => (mark: string) => make(Math.ceil(length), mark),
  ) as [Make, Make, Make, Make];
  // Whoever hangs on little is not given much.
  if (leastMs(little, 1) > 1_000) return `takes over a second for ${size / 64}`;
  if (leastMs(one, 1) > 1_000) return `takes over a second for ${size}`;
  const atOnce = leastMs(four, 2);
  if (atOnce < negligible) return undefined;
  // A collection of garbage may fall into any; what is slow by itself does not get better by more tries.
  const tries = atOnce > 500 ? [1] : [3, 10];
  let times: readonly number[] = [];
  for (const each of tries) {
    times = [one, two, four].map((run) => leastMs(run, each));
    if ((times[2] ?? 0) < negligible || (times[2] ?? 0) / (times[0] ?? 1) <= most ** 2) return undefined;
  }
  return `takes ${times.map((ms) => ms.toFixed(1)).join(', ')} ms`;
}

/** The runs of characters that a pattern has as they are. */
const runsOf = (source: string): readonly string[] =>
  source
    .replaceAll(
      /\[(?:\\.|[^\]\\])*\]|\\[bBdDsSwWpPu](?:\{[^}]*\})?|\(\?(?:[:=!]|<[=!]?\w*>?)|\{\d*,?\d*\}/g,
      '\0',
    )
    .replaceAll(/\\(.)/g, '$1')
    .split(/[\0()|*+?^$.[\]{}]/)
    .filter((run) => run !== '')
    .slice(0, 8);

const alphabet = ['a', 'A', '1', ' ', '\n', '/', '-', '.', '_', 'x\n', 'a-', '1.', 'a.', '1m'];

/** What makes a pattern begin anew at each place, or try each end: each run and each character, many times. */
function worstInputs({ source }: FoundPattern): readonly ((size: number) => string)[] {
  const runs = runsOf(source);
  const [first = ''] = runs;
  const starts = new Set(['', first, runs.join(''), `${first}1.1.`]);
  const pumps = new Set([...alphabet, ...runs, `${first}1`, `${first}a`]);
  return [...starts].flatMap((start) =>
    [...pumps].map((pump) => (size: number) => `${start}${pump.repeat(Math.ceil(size / pump.length))}\u0001`),
  );
}

const applied = ({ source, flags }: FoundPattern) => {
  const pattern = new RegExp(source, flags);
  return (text: string) => () => {
    pattern.lastIndex = 0;
    return flags.includes('g') ? text.replaceAll(pattern, '') : pattern.exec(text);
  };
};

/** The slowest inputs at a length at which all can be tried; what hangs on little shows there too. */
function slowestInputs(pattern: FoundPattern): readonly ((size: number) => string)[] {
  const run = applied(pattern);
  const tried = worstInputs(pattern).map((input) => {
    const ms = [24, 6_000].reduce(
      (last, size) => (last > 100 ? last : leastMs((mark) => run(input(size) + mark), 2)),
      0,
    );
    return { input, ms };
  });
  return tried
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, 4)
    .map(({ input }) => input);
}

/** Why a pattern is not linear, on one of its worst inputs. */
function whyPatternNotLinear(pattern: FoundPattern, size = 16_000): string | undefined {
  const run = applied(pattern);
  for (const input of slowestInputs(pattern)) {
    const why = whyNotLinear((length, mark) => run(input(length) + mark), size, negligibleMs.pattern);
    if (why !== undefined) return `${why} on ${JSON.stringify(input(24))}`;
  }
  return undefined;
}

/** What is not linear by itself, and why its text is never long. */
const bounded: Readonly<Record<string, string>> = {
  [String.raw`src/cli/manifests/strange-syntax.ts \s*$`]: 'is given 80 characters',
  [String.raw`src/core/jobs/job-name.ts [-.]+$`]: 'is given less than a name of 63 characters',
  [String.raw`src/core/model/duration.ts (\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)`]:
    'is given what is a duration as a whole',
};

const sources = globSync(['src/**/*.ts', 'webhooks/**/*.ts', 'certs/**/*.ts']).toSorted();
const patterns = sources.flatMap(patternsIn);

/** An end of a container, at once. */
const ended = (message: string) => ({
  exitCode: 1,
  message,
  startedAt: '2026-01-02T03:04:05Z',
  finishedAt: '2026-01-02T03:04:06Z',
});
const begin = '-----BEGIN CERTIFICATE-----\n';
const end = '-----END CERTIFICATE-----\n';
const texts: Readonly<Record<string, string>> = {
  'certificates that begin': begin,
  'certificates that end': end,
  'certificates without content': `${begin}${end}`,
  'certificates of nonsense': `${begin}AAAA\n${end}`,
  'keys that begin': '-----BEGIN PRIVATE KEY-----\n',
  brackets: '[',
  braces: '{"a":',
  quotes: '"',
  digits: '1',
  letters: 'a',
  'parts of a name': 'a.',
  'parts of a path': 'a/',
  slashes: '/',
  spaces: ' ',
  lines: '\n',
  dollars: '$(',
  minutes: '1m',
  elements: '<Code>',
  documents: '---\n',
  ampersands: '&#1;',
  escapes: String.raw`\u0001`,
};

/** What reads texts that others write, by its name. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  readBundle,
  readCertificate,
  readPrivateKey,
  faultOfCertificate: (text) => faultOfPair({ cert: text, key: '' }),
  faultOfKey: (text) => faultOfPair({ cert: begin, key: text }),
  executorReportOf,
  versionOf: (text) => versionOf(`OpenBao v1.1.${text}!`),
  jobFailure: (message) => jobFailure({ job: { metadata: { name: 'j' } }, message }),
  versionInName: (text) => versionInName(`pre-upgrade-${text}`),
  literal,
  parseDuration: (text) => parseDuration(`${text}!`),
  printable,
  withoutOuterSlashes: (text) => withoutOuterSlashes(`a${text}a`),
  startupFailure: (text) => startupFailure(ended(text)),
  parseImageReference,
  imageOfRegistry: (text) => parseImageReference(`a.${text}!/a:${text}@sha256:${text}`),
  mayBeSpelling: (text) => mayBeSpelling(text, `${text}@sha256:${text}`),
  parseVersion,
  canonicalQuantity,
  milliOf: (text) => milliOf(`${text}.${text}`),
  findJson,
  element: (text) => element(text, 'Code'),
  answerReason: (text) => answerReason(500, text),
  saidIn: (text) => saidIn(text, ['a', '1']),
  readSnapshotMeta,
  decodeReview: (text) => decodeReview(Buffer.from(text)),
};

describe('work on texts that others write', function () {
  this.timeout(120_000);

  it('has all patterns, found in the files themselves, and those that are made at run time (M1)', () => {
    expect(patterns.length).to.be.greaterThan(100);
    for (const { place, source, flags } of patterns)
      expect(() => new RegExp(source, flags), place).to.not.throw();
    const made = sources.filter((file) => /\bRegExp\(/.test(readFileSync(file, 'utf8')));
    // Of labels of at most 63 characters, CRDs of our own, and one that a reader above has.
    expect(made).to.deep.equal([
      'certs/cluster-certificates.ts',
      'src/cli/review/cel.ts',
      'src/cli/review/names.ts',
      'src/io/object-store/s3-errors.ts',
    ]);
  });

  it('takes twice as long for twice the text: every pattern, on the worst of many inputs (M1)', () => {
    const slow = patterns.flatMap((pattern) => {
      const name = `${pattern.place.replace(/:\d+$/, '')} ${pattern.source}`;
      if (name in bounded) return [];
      const why = whyPatternNotLinear(pattern);
      return why === undefined ? [] : [`${pattern.place} /${pattern.source}/ ${why}`];
    });
    expect(slow).to.deep.equal([]);
  });

  for (const [name, read] of Object.entries(readers)) {
    it(`takes twice as long for twice the text: ${name} (M1)`, () => {
      const slow = Object.entries(texts).flatMap(([what, unit]) => {
        const why = whyNotLinear(
          (size, mark) => {
            const text = unit.repeat(Math.ceil(size / unit.length)) + mark;
            return () => read(text);
          },
          175_000,
          negligibleMs.reader,
        );
        return why === undefined ? [] : [`${what}: ${why}`];
      });
      expect(slow).to.deep.equal([]);
    });
  }

  it('would find the two that were quadratic (M1)', () => {
    const trailing = { place: 'x', source: '\\/+$', flags: 'g' };
    const bundle = {
      place: 'x',
      source: '-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----',
      flags: 'gs',
    };
    expect(whyPatternNotLinear(trailing, 4_000)).to.be.a('string');
    expect(whyPatternNotLinear(bundle)).to.be.a('string');
  });
});
