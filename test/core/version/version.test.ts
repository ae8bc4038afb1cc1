import { expect } from 'chai';
import * as fc from 'fast-check';
import { unknown } from '../../../src/core/model/known.ts';
import { compareVersions, parseVersion, type Version } from '../../../src/core/version/version.ts';

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed.kind === 'unknown') throw new Error(`${text} ${parsed.cause}`);
  return parsed.value;
}

const order = (a: string, b: string) => Math.sign(compareVersions(version(a), version(b)));

describe('a version', () => {
  describe('is read', () => {
    const cases = [
      { name: 'as MAJOR.MINOR.PATCH', text: '2.5.5', canonical: '2.5.5' },
      { name: 'with a leading v, which is dropped', text: 'v2.5.5', canonical: '2.5.5' },
      { name: 'with a prerelease', text: '2.6.0-rc.1', canonical: '2.6.0-rc.1' },
      { name: 'with build metadata, which is kept', text: 'v2.5.5+b1', canonical: '2.5.5+b1' },
      { name: 'with both', text: '2.5.5-rc.1+b.001', canonical: '2.5.5-rc.1+b.001' },
      { name: 'with hyphens in its identifiers', text: '1.0.0-x-y.-.--+-', canonical: '1.0.0-x-y.-.--+-' },
      { name: 'with zeros', text: '0.0.0', canonical: '0.0.0' },
      { name: 'with a zero as prerelease', text: '1.0.0-0', canonical: '1.0.0-0' },
      {
        name: 'with leading zeros in an identifier that has a letter',
        text: '1.0.0-0a',
        canonical: '1.0.0-0a',
      },
      { name: 'with leading zeros in build metadata', text: '1.0.0+001', canonical: '1.0.0+001' },
      {
        name: 'up to the largest number that can be put in order',
        text: '9007199254740991.0.0-9007199254740991',
        canonical: '9007199254740991.0.0-9007199254740991',
      },
      {
        name: 'up to 128 characters',
        text: `1.0.0-${'a'.repeat(122)}`,
        canonical: `1.0.0-${'a'.repeat(122)}`,
      },
    ];
    for (const { name, text, canonical } of cases) {
      it(name, () => {
        expect(version(text).text).to.equal(text);
        expect(version(text).canonical).to.equal(canonical);
      });
    }
  });

  describe('is refused, and why is said,', () => {
    const cases = [
      { name: 'when empty', text: '', error: 'has 0 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'when only a v', text: 'v', error: 'has 0 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'with one part', text: '2', error: 'has 1 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'with two parts', text: '2.5', error: 'has 2 of the three parts MAJOR.MINOR.PATCH' },
      {
        name: 'with two parts and a prerelease',
        text: '2.5-rc.1',
        error: 'has 2 of the three parts MAJOR.MINOR.PATCH',
      },
      { name: 'with four parts', text: '2.5.5.1', error: 'has 4 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'with an empty part', text: '2..5', error: 'has 2 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'when it is a word', text: 'latest', error: 'has 0 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'with a placeholder', text: '2.5.x', error: 'has 2 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'with two leading v', text: 'vv2.5.5', error: 'has 2 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'with a capital V', text: 'V2.5.5', error: 'has 2 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'when negative', text: '-2.5.5', error: 'has 0 of the three parts MAJOR.MINOR.PATCH' },
      { name: 'with a leading zero', text: '2.05.5', error: 'has a number with a leading zero' },
      { name: 'with two zeros', text: '00.5.5', error: 'has a number with a leading zero' },
      {
        name: 'with a leading zero in a numeric identifier',
        text: '1.0.0-rc.01',
        error: 'has a prerelease or build part that is empty or starts with a zero',
      },
      {
        name: 'with an empty prerelease',
        text: '1.0.0-',
        error: 'has a prerelease or build part that is empty or starts with a zero',
      },
      {
        name: 'with an empty identifier',
        text: '1.0.0-rc..1',
        error: 'has a prerelease or build part that is empty or starts with a zero',
      },
      {
        name: 'with empty build metadata',
        text: '1.0.0+',
        error: 'has a prerelease or build part that is empty or starts with a zero',
      },
      {
        name: 'with two build parts',
        text: '1.0.0+a+b',
        error: 'has a prerelease or build part that is empty or starts with a zero',
      },
      { name: 'with a range', text: '^2.5.5', error: 'holds the character ^' },
      { name: 'with an equals sign', text: '=2.5.5', error: 'holds the character =' },
      { name: 'with a space before it', text: ' 2.5.5', error: 'holds the character  ' },
      { name: 'with a space after it', text: '2.5.5 ', error: 'holds the character  ' },
      { name: 'with a newline after it', text: '2.5.5\n', error: 'holds the character <U+000A>' },
      { name: 'with a newline before it', text: '\n2.5.5', error: 'holds the character <U+000A>' },
      { name: 'with a tab', text: '2.5.5\t', error: 'holds the character <U+0009>' },
      { name: 'with a null character', text: '2.5.5\0', error: 'holds the character <U+0000>' },
      { name: 'with a second line', text: '2.5.5\n2.4.0', error: 'holds the character <U+000A>' },
      { name: 'with a no-break space', text: '\u00a02.5.5', error: 'holds the character <U+00A0>' },
      { name: 'with a byte order mark', text: '\ufeff2.5.5', error: 'holds the character <U+FEFF>' },
      { name: 'with a zero-width space', text: '2.5.\u200b5', error: 'holds the character <U+200B>' },
      { name: 'with a zero-width joiner', text: '2.5.5\u200d', error: 'holds the character <U+200D>' },
      { name: 'with Arabic-Indic digits', text: '\u0662.5.5', error: 'holds the character <U+0662>' },
      { name: 'with full-width digits', text: '\uff12.5.5', error: 'holds the character <U+FF12>' },
      { name: 'with a full-width dot', text: '2\uff0e5.5', error: 'holds the character <U+FF0E>' },
      {
        name: 'with a mathematical digit beyond the first plane',
        text: '\u{1d7d0}.5.5',
        error: 'holds the character <U+1D7D0>',
      },
      { name: 'with a Cyrillic letter', text: '2.6.0-r\u0441.1', error: 'holds the character <U+0441>' },
      { name: 'with half a surrogate pair', text: '2.5.5\ud835', error: 'holds the character <U+D835>' },
      {
        name: 'with a number of 2^53',
        text: '9007199254740992.0.0',
        error: 'has a number that is too large',
      },
      {
        name: 'with a prerelease number of 2^53',
        text: '1.0.0-rc.9007199254740992',
        error: 'holds the number 9007199254740992, which is too large to be put in order',
      },
      {
        name: 'with 129 characters',
        text: `1.0.0-${'a'.repeat(123)}`,
        error: 'is longer than 128 characters',
      },
      { name: 'with a million characters', text: '1'.repeat(1e6), error: 'is longer than 128 characters' },
      { name: 'when it is a path', text: '../2.5.5', error: 'holds the character /' },
      { name: 'when it is a property of every object', text: '__proto__', error: 'holds the character _' },
    ];
    for (const { name, text, error } of cases) {
      it(name, () => expect(parseVersion(text)).to.deep.equal(unknown(error)));
    }
  });

  it('stands in the order of the semver.org example', () => {
    const chain = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '2.0.0',
      '2.1.0',
      '2.1.1',
    ];
    for (const [low, older] of chain.entries()) {
      for (const [high, newer] of chain.entries()) {
        expect(order(older, newer), `${older} against ${newer}`).to.equal(Math.sign(low - high));
      }
    }
  });

  describe('is put in order', () => {
    const cases = [
      { name: 'by number, not by text', older: '2.9.0', newer: '2.10.0' },
      { name: 'with a prerelease before its release', older: '2.6.0-rc.1', newer: '2.6.0' },
      {
        name: 'with a numeric identifier before an alphanumeric one',
        older: '1.0.0-999',
        newer: '1.0.0-alpha',
      },
      { name: 'with numeric identifiers by value', older: '1.0.0-2', newer: '1.0.0-10' },
      {
        name: 'with alphanumeric identifiers in ASCII order, where 10 comes first',
        older: '1.0.0-rc10',
        newer: '1.0.0-rc2',
      },
      { name: 'with capitals before small letters', older: '1.0.0-RC', newer: '1.0.0-alpha' },
      { name: 'with fewer identifiers first', older: '1.0.0-rc', newer: '1.0.0-rc.1' },
      {
        name: 'with large neighbors apart',
        older: '1.0.0-9007199254740990',
        newer: '1.0.0-9007199254740991',
      },
    ];
    for (const { name, older, newer } of cases) {
      it(name, () => {
        expect(order(older, newer)).to.equal(-1);
        expect(order(newer, older)).to.equal(1);
      });
    }

    it('without regard to build metadata or a leading v', () => {
      expect(order('2.5.5+b1', '2.5.5+b2')).to.equal(0);
      expect(order('2.5.5+b1', '2.5.5')).to.equal(0);
      expect(order('v2.5.5', '2.5.5')).to.equal(0);
      expect(order('2.5.5-rc.1+b9', '2.5.5-rc.1')).to.equal(0);
    });
  });

  describe('whatever it is', () => {
    const small = fc.constantFrom('0', '1', '2', '10');
    const number = fc.oneof(small, fc.nat(Number.MAX_SAFE_INTEGER).map(String));
    const identifier = fc.oneof(
      number,
      fc.constantFrom('a', 'rc', 'rc1', 'RC', '-', '0a', 'alpha', 'beta'),
      fc.stringMatching(/^[0-9A-Za-z-]{0,3}[A-Za-z-][0-9A-Za-z-]{0,3}$/),
    );
    const build = fc.stringMatching(/^[0-9A-Za-z-]{1,4}(\.[0-9A-Za-z-]{1,4})?$/);
    const text = fc
      .record({
        core: fc.tuple(number, small, small),
        prerelease: fc.array(identifier, { maxLength: 3 }),
        build: fc.option(build),
        v: fc.boolean(),
      })
      .map(
        (parts) =>
          (parts.v ? 'v' : '') +
          parts.core.join('.') +
          (parts.prerelease.length > 0 ? `-${parts.prerelease.join('.')}` : '') +
          (parts.build === null ? '' : `+${parts.build}`),
      );

    // Two at random are seldom alike, so one is also made from the other: another build, one identifier more.
    const pair = fc.oneof(
      fc.tuple(text, text),
      fc.tuple(text, build).map(([a, other]) => [a, `${a.replace(/\+.*/, '')}+${other}`] as const),
      fc.tuple(text, identifier).map(([a, other]) => {
        const plain = a.replace(/\+.*/, '');
        return [a, `${plain}${plain.includes('-') ? '.' : '-'}${other}`] as const;
      }),
    );

    it('ranks as semver.org section 11 says', () => {
      fc.assert(
        fc.property(pair, ([a, b]) => {
          expect(order(a, b)).to.equal(semverOrgOrder(a, b));
        }),
        { numRuns: 2000 },
      );
    });

    it('is older than, newer than or as old as another, one of them', () => {
      fc.assert(
        fc.property(text, text, (a, b) => {
          expect(order(a, b) + order(b, a)).to.equal(0);
          expect(order(a, a)).to.equal(0);
        }),
      );
    });

    it('keeps its place through a third', () => {
      fc.assert(
        fc.property(text, text, text, (a, b, c) => {
          const [low, middle, high] = [a, b, c].toSorted(order) as [string, string, string];
          expect(order(low, middle)).to.be.at.most(0);
          expect(order(middle, high)).to.be.at.most(0);
          expect(order(low, high)).to.be.at.most(0);
          if (order(low, middle) < 0 || order(middle, high) < 0) expect(order(low, high)).to.equal(-1);
        }),
      );
    });

    it('reads the same after it was printed', () => {
      fc.assert(
        fc.property(text, (written) => {
          const read = version(written);
          expect(version(read.canonical).canonical).to.equal(read.canonical);
          expect(order(read.canonical, written)).to.equal(0);
        }),
      );
    });

    it('never throws, and what is accepted is plain ASCII', () => {
      const mixed = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom(...'v0129.-+aZ \n\u0662\uff12\u200b\ufeff') }),
      );
      fc.assert(
        fc.property(mixed, (given) => {
          const parsed = parseVersion(given);
          if (parsed.kind === 'unknown') expect(parsed.cause).to.match(/^(is|has|holds) /);
          else expect(given).to.match(/^v?[0-9]+\.[0-9]+\.[0-9]+[-+.0-9A-Za-z]*$/);
        }),
        { numRuns: 2000 },
      );
    });
  });
});

/** Precedence, written from the text of semver.org 2.0.0 section 11, with no code in common with ours. */
function semverOrgOrder(a: string, b: string): number {
  const split = (text: string) => {
    const [withoutBuild = ''] = text.replace(/^v/, '').split('+');
    const hyphen = withoutBuild.indexOf('-');
    const core = hyphen < 0 ? withoutBuild : withoutBuild.slice(0, hyphen);
    const prerelease = hyphen < 0 ? [] : withoutBuild.slice(hyphen + 1).split('.');
    return { core: core.split('.').map(BigInt), prerelease };
  };
  const left = split(a);
  const right = split(b);
  // 11.2: major, minor and patch, numerically.
  for (const [index, number] of left.core.entries()) {
    const other = right.core[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  // 11.3: a pre-release has lower precedence than the normal version.
  if (left.prerelease.length === 0 || right.prerelease.length === 0) {
    return Math.sign(right.prerelease.length - left.prerelease.length);
  }
  // 11.4: identifier by identifier; a larger set is higher when all before are equal.
  for (let index = 0; index < Math.min(left.prerelease.length, right.prerelease.length); index++) {
    const rank = identifierOrder(left.prerelease[index] ?? '', right.prerelease[index] ?? '');
    if (rank !== 0) return rank;
  }
  return Math.sign(left.prerelease.length - right.prerelease.length);
}

function identifierOrder(a: string, b: string): number {
  const isNumeric = (text: string) => [...text].every((character) => character >= '0' && character <= '9');
  if (isNumeric(a) && isNumeric(b)) return BigInt(a) === BigInt(b) ? 0 : BigInt(a) < BigInt(b) ? -1 : 1;
  if (isNumeric(a) !== isNumeric(b)) return isNumeric(a) ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
