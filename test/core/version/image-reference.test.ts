import { expect } from 'chai';
import * as fc from 'fast-check';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  imageVersion,
  mayBeSpelling,
  parseImageReference,
  tagVersion,
} from '../../../src/core/version/image-reference.ts';
import { sha256 } from '../../support/builders.ts';

const hex64 = '0123456789abcdef'.repeat(4);
const sha384 = `sha384:${'0123456789abcdef'.repeat(6)}`;
const sha512 = `sha512:${'0123456789abcdef'.repeat(8)}`;

// Each row was compared with distribution/reference v0.6.0, ParseNormalizedNamed.
describe('an image reference', () => {
  describe('is read', () => {
    const cases = [
      { name: 'as a bare name', text: 'openbao', parts: { path: 'openbao' } },
      { name: 'as a repository', text: 'openbao/openbao', parts: { path: 'openbao/openbao' } },
      { name: 'as a nested path', text: 'a/b/c/d', parts: { path: 'a/b/c/d' } },
      {
        name: 'with a tag',
        text: 'openbao/openbao:2.5.5',
        parts: { path: 'openbao/openbao', tag: '2.5.5' },
      },
      { name: 'with a v before the tag', text: 'openbao:v2.5.5', parts: { path: 'openbao', tag: 'v2.5.5' } },
      {
        name: 'with a _ in the tag',
        text: 'openbao:2.5.5_b1',
        parts: { path: 'openbao', tag: '2.5.5_b1' },
      },
      {
        name: 'with capitals in the tag',
        text: 'openbao:RC.1-x_Y',
        parts: { path: 'openbao', tag: 'RC.1-x_Y' },
      },
      {
        name: 'with a tag that starts with _',
        text: 'openbao:_x',
        parts: { path: 'openbao', tag: '_x' },
      },
      {
        name: 'with a tag of 128 characters',
        text: `openbao:${'x'.repeat(128)}`,
        parts: { path: 'openbao', tag: 'x'.repeat(128) },
      },
      { name: 'with a digest', text: `openbao@${sha256}`, parts: { path: 'openbao', digest: sha256 } },
      {
        name: 'with a tag and a digest',
        text: `openbao/openbao:2.5.5@${sha256}`,
        parts: { path: 'openbao/openbao', tag: '2.5.5', digest: sha256 },
      },
      {
        name: 'with a sha384 digest',
        text: `openbao@${sha384}`,
        parts: { path: 'openbao', digest: sha384 },
      },
      {
        name: 'with a sha512 digest',
        text: `openbao@${sha512}`,
        parts: { path: 'openbao', digest: sha512 },
      },
      {
        name: 'with a registry',
        text: 'registry.example/openbao:2.5.5',
        parts: { domain: 'registry.example', path: 'openbao', tag: '2.5.5' },
      },
      {
        name: 'with a registry and its port, which is no tag',
        text: 'registry.example:5000/openbao',
        parts: { domain: 'registry.example:5000', path: 'openbao' },
      },
      {
        name: 'with a port and a tag',
        text: 'registry.example:5000/a/b:2.5.5',
        parts: { domain: 'registry.example:5000', path: 'a/b', tag: '2.5.5' },
      },
      {
        name: 'with a port, a tag and a digest',
        text: `registry.example:5000/a/b:2.5.5@${sha256}`,
        parts: { domain: 'registry.example:5000', path: 'a/b', tag: '2.5.5', digest: sha256 },
      },
      {
        name: 'with a host known by its port alone',
        text: 'registry:5000/openbao',
        parts: { domain: 'registry:5000', path: 'openbao' },
      },
      {
        name: 'with a name whose tag looks like a port',
        text: 'registry:5000',
        parts: { path: 'registry', tag: '5000' },
      },
      {
        name: 'with localhost as registry',
        text: 'localhost/openbao',
        parts: { domain: 'localhost', path: 'openbao' },
      },
      {
        name: 'with localhost and a port',
        text: 'localhost:5000/openbao:x',
        parts: { domain: 'localhost:5000', path: 'openbao', tag: 'x' },
      },
      {
        name: 'with a first part that is no host',
        text: 'registry/openbao',
        parts: { path: 'registry/openbao' },
      },
      {
        name: 'with an address as registry',
        text: '127.0.0.1:5000/openbao',
        parts: { domain: '127.0.0.1:5000', path: 'openbao' },
      },
      {
        name: 'with an IPv6 registry',
        text: '[2001:db8::1]/openbao',
        parts: { domain: '[2001:db8::1]', path: 'openbao' },
      },
      {
        name: 'with an IPv6 registry, a port and a tag',
        text: '[::1]:5000/openbao:2.5.5',
        parts: { domain: '[::1]:5000', path: 'openbao', tag: '2.5.5' },
      },
      {
        name: 'with a host in capitals',
        text: 'Registry/openbao',
        parts: { domain: 'Registry', path: 'openbao' },
      },
      {
        name: 'with a host in punycode',
        text: 'xn--n3h.example/openbao',
        parts: { domain: 'xn--n3h.example', path: 'openbao' },
      },
      {
        name: 'with single separators in the path',
        text: 'a.b/c_d/e-f/g__h/i--j',
        parts: { domain: 'a.b', path: 'c_d/e-f/g__h/i--j' },
      },
      {
        name: 'with a path of 255 characters',
        text: `registry.example/${'a'.repeat(255)}`,
        parts: { domain: 'registry.example', path: 'a'.repeat(255) },
      },
      {
        name: 'with 64 hexadecimal digits beside a tag',
        text: `${hex64}:2.5.5`,
        parts: { path: hex64, tag: '2.5.5' },
      },
      {
        name: 'with 64 hexadecimal digits in a registry',
        text: `registry.example/${hex64}`,
        parts: { domain: 'registry.example', path: hex64 },
      },
      { name: 'with 63 hexadecimal digits', text: hex64.slice(1), parts: { path: hex64.slice(1) } },
    ];
    for (const { name, text, parts } of cases) {
      it(name, () => expect(parseImageReference(text)).to.deep.equal(known(parts)));
    }
  });

  describe('is refused, and why is said,', () => {
    const repository = (part: string) =>
      `has "${part}" in its repository, where only lower-case letters, digits and single . _ - between them may stand`;
    const badTag = (tag: string) => `has the tag "${tag}", which is not letters, digits, . _ - (at most 128)`;
    const badDigest = 'has a sha256 digest that is not 64 lower-case hexadecimal digits';
    const cases = [
      { name: 'when empty', text: '', error: 'names no repository' },
      { name: 'when only a tag', text: ':2.5.5', error: 'names no repository' },
      { name: 'when only a digest', text: `@${sha256}`, error: 'names no repository' },
      { name: 'when only an @', text: '@', error: 'names no repository' },
      { name: 'with an empty tag', text: 'openbao:', error: 'has an empty tag' },
      {
        name: 'with an empty tag before a digest',
        text: `openbao:@${sha256}`,
        error: 'has an empty tag',
      },
      { name: 'with two tags', text: 'foo:bar:baz', error: badTag('bar:baz') },
      {
        name: 'with a tag of 129 characters',
        text: `openbao:${'x'.repeat(129)}`,
        error: badTag(`${'x'.repeat(60)}…`),
      },
      { name: 'with a + in the tag', text: 'openbao:2.5.5+b1', error: badTag('2.5.5+b1') },
      { name: 'with a tag that starts with a dot', text: 'openbao:.5', error: badTag('.5') },
      { name: 'with a tag that starts with a hyphen', text: 'openbao:-5', error: badTag('-5') },
      { name: 'with a newline after the tag', text: 'openbao:2.5.5\n', error: badTag('2.5.5<U+000A>') },
      { name: 'with a space after the tag', text: 'openbao:2.5.5 ', error: badTag('2.5.5 ') },
      { name: 'with Unicode digits in the tag', text: 'openbao:\u0662', error: badTag('<U+0662>') },
      { name: 'with an upper-case repository', text: 'OpenBao', error: repository('OpenBao') },
      { name: 'with capitals after the first part', text: 'a/OpenBao', error: repository('OpenBao') },
      { name: 'with a space before it', text: ' openbao', error: repository(' openbao') },
      { name: 'with a space in it', text: 'open bao', error: repository('open bao') },
      { name: 'with a letter beyond ASCII', text: 'op\u0435nbao', error: repository('op<U+0435>nbao') },
      { name: 'with a zero-width space', text: 'open\u200bbao', error: repository('open<U+200B>bao') },
      { name: 'with three underscores', text: 'a___b', error: repository('a___b') },
      { name: 'with two dots', text: 'a..b', error: repository('a..b') },
      { name: 'with mixed separators', text: 'a.-b', error: repository('a.-b') },
      { name: 'with a separator first', text: '-openbao', error: repository('-openbao') },
      { name: 'with a separator last', text: 'openbao_', error: repository('openbao_') },
      { name: 'with a host that no name needs', text: 'registry-/openbao', error: repository('registry-') },
      { name: 'with a trailing slash', text: 'openbao/', error: 'has an empty part between slashes' },
      { name: 'with a leading slash', text: '/openbao', error: 'has an empty part between slashes' },
      { name: 'with a double slash', text: 'a//b', error: 'has an empty part between slashes' },
      { name: 'with a registry alone', text: 'a.b/', error: 'has an empty part between slashes' },
      {
        name: 'with a URL',
        text: 'https://registry.example/openbao',
        error: 'has no valid registry host in "https:"',
      },
      {
        name: 'with a port that is no number',
        text: 'registry:http/openbao',
        error: 'has no valid registry host in "registry:http"',
      },
      {
        name: 'with an empty port',
        text: 'registry.example:/openbao',
        error: 'has no valid registry host in "registry.example:"',
      },
      {
        // There it passes as a path without a registry; no host has such a name.
        name: 'with an underscore in the host',
        text: 'my_registry.example/openbao',
        error: 'has no valid registry host in "my_registry.example"',
      },
      {
        name: 'with an IPv6 address without brackets',
        text: '2001:db8::1/openbao',
        error: 'has no valid registry host in "2001:db8::1"',
      },
      {
        name: 'with an IPv6 zone',
        text: '[fe80::1%eth0]/openbao',
        error: 'has no valid registry host in "[fe80::1%eth0]"',
      },
      {
        name: 'with a user name',
        text: 'me:secret@registry.example/openbao',
        error: 'has a digest of the unknown algorithm "registry.example/openbao"',
      },
      {
        name: 'with a path of 256 characters',
        text: `registry.example/${'a'.repeat(256)}`,
        error: 'has a repository longer than 255 characters',
      },
      {
        name: 'with a million characters',
        text: 'a'.repeat(1e6),
        error: 'has a repository longer than 255 characters',
      },
      { name: 'when it is an image ID', text: hex64, error: 'is an image ID, not a name' },
      {
        name: 'with an empty digest',
        text: 'openbao@',
        error: 'has a digest of the unknown algorithm ""',
      },
      { name: 'with a digest without its algorithm', text: `openbao@${hex64}`, algorithm: hex64 },
      { name: 'with two digests', text: `openbao@${sha256}@${sha256}`, error: badDigest },
      { name: 'with a short digest', text: `openbao@${sha256.slice(0, -1)}`, error: badDigest },
      { name: 'with a long digest', text: `openbao@${sha256}0`, error: badDigest },
      { name: 'with an upper-case digest', text: `openbao@sha256:${hex64.toUpperCase()}`, error: badDigest },
      {
        name: 'with a digest that is not hexadecimal',
        text: `openbao@sha256:${'g'.repeat(64)}`,
        error: badDigest,
      },
      { name: 'with a tag after the digest', text: `openbao@${sha256}:2.5.5`, error: badDigest },
      { name: 'with a newline after the digest', text: `openbao@${sha256}\n`, error: badDigest },
      {
        name: 'with an algorithm nobody knows',
        text: `openbao@md5:${'0'.repeat(32)}`,
        error: 'has a digest of the unknown algorithm "md5"',
      },
      {
        name: 'with an algorithm in capitals',
        text: `openbao@SHA256:${hex64}`,
        error: 'has a digest of the unknown algorithm "SHA256"',
      },
      {
        name: 'with a property of every object as algorithm',
        text: `openbao@constructor:${hex64}`,
        error: 'has a digest of the unknown algorithm "constructor"',
      },
    ];
    for (const { name, text, error, algorithm } of cases) {
      const wanted = error ?? `has a digest of the unknown algorithm "${(algorithm ?? '').slice(0, 60)}…"`;
      it(name, () => expect(parseImageReference(text)).to.deep.equal(unknown(wanted)));
    }
  });

  describe('whatever it is', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?$/);
    const port = fc.integer({ min: 1, max: 65535 });
    // The grammar has no dotted quad at the end of an IPv6 address.
    const ipv6 = fc.ipV6().filter((ip) => !ip.includes('.'));
    const host = fc.oneof(
      fc.tuple(label, label).map((parts) => parts.join('.')),
      fc.tuple(label, port).map((parts) => parts.join(':')),
      fc.tuple(ipv6, fc.option(port)).map(([ip, at]) => `[${ip}]${at === null ? '' : `:${at}`}`),
      fc.constantFrom('localhost', 'localhost:5000', 'Registry'),
    );
    const component = fc.stringMatching(/^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
    const path = fc
      .array(component, { minLength: 1, maxLength: 4 })
      .map((components) => components.join('/'))
      // A first part like these would be read as a registry.
      .filter((joined) => !/^[^/]*\.[^/]*\//.test(joined) && !joined.startsWith('localhost/'));
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
    const digest = fc
      .constantFrom(['sha256', 64] as const, ['sha384', 96] as const, ['sha512', 128] as const)
      .chain(([algorithm, length]) =>
        fc
          .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
          .map((hex) => `${algorithm}:${hex}`),
      );
    const parts = fc.record({ domain: host, path, tag, digest }, { requiredKeys: ['path'] });
    const written = (given: { domain?: string; path: string; tag?: string; digest?: string }) =>
      (given.domain === undefined ? '' : `${given.domain}/`) +
      given.path +
      (given.tag === undefined ? '' : `:${given.tag}`) +
      (given.digest === undefined ? '' : `@${given.digest}`);

    it('is read into exactly the parts it was written from', () => {
      fc.assert(
        fc.property(parts, (given) => {
          expect(parseImageReference(written(given))).to.deep.equal(known(given));
        }),
        { numRuns: 1000 },
      );
    });

    it('reads back as it was written, or says in ASCII why not', () => {
      const any = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom(...'aA0.:/@_-[]% \n\u0435') }),
        fc
          .tuple(parts.map(written), fc.nat(), fc.string({ unit: 'binary', maxLength: 2 }))
          .map(([text, at, stranger]) => {
            const index = at % (text.length + 1);
            return text.slice(0, index) + stranger + text.slice(index);
          }),
      );
      fc.assert(
        fc.property(any, (text) => {
          const read = parseImageReference(text);
          if (read.kind === 'unknown') expect(read.cause).to.match(/^[\x20-\x7e…]+$/);
          else expect(written(read.value)).to.equal(text);
        }),
        { numRuns: 2000 },
      );
    });
  });
});

describe('V3: another spelling of an image', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const other = `sha256:${'fedcba9876543210'.repeat(4)}`;
  for (const [asked, image, is] of [
    ['bao:2.5.5', 'bao:2.5.5', true],
    ['bao:2.5.5', `bao:2.5.5@${digest}`, true],
    ['bao:2.5.5', `mirror.example:5000/x/bao:2.5.5`, true],
    ['bao:2.5.5', `bao@${digest}`, true],
    ['bao', 'bao:latest', true],
    ['bao:latest', 'bao', true],
    ['bao:2.5.5', 'bao:2.5.6', false],
    ['bao:2.5.5', 'bao', false],
    ['bao', 'bao:2.5.5', false],
    [`bao@${digest}`, `mirror.example/bao:2.5.5@${digest}`, true],
    [`bao@${digest}`, `bao@${other}`, false],
    [`bao@${digest}`, 'bao:2.5.5', false],
    [`bao:2.5.5@${digest}`, 'bao:2.5.5', false],
    ['bao:::', 'bao:::', true],
    ['bao:2.5.5', 'bao:::', false],
  ] as const) {
    it(`${is ? 'may' : 'can not'} be ${image} of ${asked}`, () =>
      expect(mayBeSpelling(asked, image)).to.equal(is));
  }
});

describe('the version that a tag says', () => {
  const cases = [
    { name: 'is the tag', tag: '2.5.5', canonical: '2.5.5' },
    { name: 'has no leading v', tag: 'v2.5.5', canonical: '2.5.5' },
    { name: 'keeps its prerelease', tag: '2.6.0-rc.1', canonical: '2.6.0-rc.1' },
    { name: 'has + where the tag has _', tag: '2.5.5_b1', canonical: '2.5.5+b1' },
    { name: 'has + after a prerelease', tag: '2.5.5-rc.1_b1', canonical: '2.5.5-rc.1+b1' },
    { name: 'is none with two _', tag: '2.5.5_b_1', canonical: undefined },
    { name: 'is none with two parts', tag: '2.5', canonical: undefined },
    { name: 'is none for latest', tag: 'latest', canonical: undefined },
    { name: 'is none for a commit', tag: 'sha-0123abc', canonical: undefined },
    { name: 'is none with leading zeros', tag: '02.5.5', canonical: undefined },
  ];
  for (const { name, tag, canonical } of cases) {
    it(name, () => expect(tagVersion(tag)?.canonical).to.equal(canonical));
  }

  it("V5: proves nothing with a suffix that is none of OpenBao's", () => {
    for (const tag of ['2.5.5-r1', '2.5.5-arm64', '2.6.0-rc.1-ubi'])
      expect(imageVersion(`openbao:${tag}`), tag).to.equal(undefined);
    for (const tag of ['2.5.5', '2.6.0-rc.1', '2.5.0-beta20251125', '2.7.0-dev', '2.5.5_b1'])
      expect(imageVersion(`openbao:${tag}`)?.canonical, tag).to.equal(tag.replace('_', '+'));
  });
});
