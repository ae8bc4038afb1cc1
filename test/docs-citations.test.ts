import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect } from 'chai';

const root = process.cwd();
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Whose comments are judged, those of tests too. */
const folders = ['src', 'webhooks', 'certs', 'manifests', 'packaging', 'bench', 'test'];
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => posix.join(folder, path))
    .filter((path) => /\.(ts|yaml)$/.test(path)),
);

/** The comments of a file, each in one line. */
function commentsOf(path: string, source: string): readonly string[] {
  const mark = path.endsWith('.ts') ? '//' : '#';
  let joined = source;
  for (let before = ''; before !== joined;) {
    before = joined;
    joined = joined.replaceAll(
      new RegExp(`^([ \\t]*${mark} [^\\n]*)\\n[ \\t]*${mark}(?: |$)`, 'gm'),
      (_, first: string) => `${first} `,
    );
  }
  const found =
    mark === '#' ? joined.match(/(^|\s)# .*$/gm) : joined.match(/\/\*[\s\S]*?\*\/|(^|\s)\/\/ .*$/gm);
  return (found ?? []).map((comment) => comment.replaceAll(/\s*\n\s*\*? ?/g, ' '));
}

/** The body of a section by its number, as in `## 7. Versions` or `### 7.1 Safety bugs`. */
function section(document: string, number: string): string | undefined {
  const heading = new RegExp(`^(#{2,4}) ${number.replaceAll('.', '\\.')}\\.? .*$`, 'm').exec(document);
  if (heading === null) return undefined;
  const [whole, level = ''] = heading;
  const after = document.slice(heading.index + whole.length);
  const end = new RegExp(`^#{2,${level.length}} `, 'm').exec(after);
  return end === null ? after : after.slice(0, end.index);
}

const hasItem = (body: string | undefined, item: string) =>
  body !== undefined && new RegExp(`^\\s*${item}\\. `, 'm').test(body);

/** What a citation of a document of facts says is there, and is not. `rest` is what follows the path. */
function missingFacts(document: string, rest: string): readonly string[] {
  const [, fact] = /^, fact (\d+)/.exec(rest) ?? [];
  if (fact !== undefined) return hasItem(section(document, '0'), fact) ? [] : [`fact ${fact}`];
  const [, trap] = /^, trap (\d+)/.exec(rest) ?? [];
  if (trap !== undefined) return hasItem(section(document, '10'), trap) ? [] : [`trap ${trap}`];
  const [, letter] = /^, (T\d+)\b/.exec(rest) ?? [];
  if (letter !== undefined) return new RegExp(`\\b${letter}\\b`).test(document) ? [] : [letter];
  const [, several] = /^, sections ((?:\d+(?:, | and | to )?)+)/.exec(rest) ?? [];
  if (several !== undefined)
    return (several.match(/\d+/g) ?? []).filter((number) => section(document, number) === undefined);
  const [, number, items = ''] =
    /^, (?:section )?(\d+(?:\.\d+)?)((?:(?:, | and )\d+\b(?!\.\d))*)/.exec(rest) ?? [];
  if (number === undefined) return [];
  const body = section(document, number);
  if (body === undefined) return [number];
  return (items.match(/\d+/g) ?? [])
    .filter((item) => !hasItem(body, item))
    .map((item) => `${number}, ${item}`);
}

const pages = /specification, pages? ((?:\d{3}(?: \("[^)]*\))?(?:, | and )?)+)/g;

/** What is wrong with the citations of one comment. */
function problemsOf(path: string, comment: string): readonly string[] {
  const documents = Array.from(
    comment.matchAll(/(?<![\w/.:-])[\w.-]+(?:\/[\w.-]+)*\.md\b/g),
    ([name]) => name,
  )
    .filter((name) => !existsSync(join(root, name)) && !existsSync(join(root, dirname(path), name)))
    .map((name) => `${name} is not there`);
  const rules = Array.from(comment.matchAll(/docs\/design\.md, rule (\d+)/g), ([, rule = '']) => rule)
    .filter((rule) => !new RegExp(`^### Rule ${rule}$`, 'm').test(read('docs/design.md')))
    .map((rule) => `docs/design.md has no rule ${rule}`);
  const headings = Array.from(comment.matchAll(/docs\/design\.md, ("[^"]*"(?: and "[^"]*")*)/g))
    .flatMap(([, quoted = '']) => quoted.match(/(?<=")[^"]+(?="(?: and |$))/g) ?? [])
    .filter((heading) => heading !== ' and ')
    .filter((heading) => !new RegExp(`^##+ ${heading}$`, 'm').test(read('docs/design.md')))
    .map((heading) => `docs/design.md has no heading "${heading}"`);
  const facts = Array.from(comment.matchAll(/(docs\/facts\/[\w.-]+\.md)(?=(.*))/g)).flatMap(
    ([, document = '', rest = '']) =>
      existsSync(join(root, document))
        ? missingFacts(read(document), rest).map((what) => `${document} has no ${what}`)
        : [],
  );
  const specification = Array.from(comment.matchAll(pages))
    .flatMap(([, list = '']) => list.match(/\b\d{3}\b(?![^(]*\))/g) ?? [])
    .filter((page) => !new RegExp(`^## Page ${page}\\b`, 'm').test(read('docs/facts/specification.md')))
    .map((page) => `docs/facts/specification.md has no page ${page}`);
  const vague = comment
    .replaceAll(pages, '')
    .match(/\b(?:issues? \d+|seeds? \d+|design rule \d+|pages? \d{3})\b/gi);
  return [
    ...documents,
    ...rules,
    ...headings,
    ...facts,
    ...specification,
    ...(vague ?? []).map((words) => `"${words}" names no document`),
  ];
}

describe('citations in comments', () => {
  it('name documents, rules, sections and pages that are there', () => {
    const wrong = files.flatMap((path) =>
      commentsOf(path, read(path)).flatMap((comment) =>
        problemsOf(path, comment).map((problem) => `${path}: ${problem}`),
      ),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('are found at all', () => {
    const all = files.flatMap((path) => commentsOf(path, read(path))).join('\n');
    expect(all.match(/docs\/design\.md, rule \d+/g)).to.have.length.above(30);
    expect(all.match(/docs\/facts\/[\w.-]+\.md/g)).to.have.length.above(80);
    expect(all.match(pages)).to.have.length.above(20);
  });

  for (const [comment, problem] of [
    ['// see docs/nothing.md', 'docs/nothing.md is not there'],
    ['// (docs/design.md,\n// rule 99)', 'docs/design.md has no rule 99'],
    ['// docs/design.md, "Verbs" and "Nouns"', 'docs/design.md has no heading "Nouns"'],
    [
      '/**\n * docs/facts/openbao-operator.md,\n * 7.1, 99\n */',
      'docs/facts/openbao-operator.md has no 7.1, 99',
    ],
    ['// docs/facts/openbao-operator.md, 7.1, 1, 5 and 88', 'docs/facts/openbao-operator.md has no 7.1, 88'],
    ['// docs/facts/openbao-measured.md, 0.99', 'docs/facts/openbao-measured.md has no 0.99'],
    ['// docs/facts/openbao-measured.md, sections 2 to 55', 'docs/facts/openbao-measured.md has no 55'],
    ['// docs/facts/openbao.md, fact 11', 'docs/facts/openbao.md has no fact 11'],
    ['// docs/facts/openbao.md, trap 99', 'docs/facts/openbao.md has no trap 99'],
    ['// docs/facts/metadataservices.md, T99', 'docs/facts/metadataservices.md has no T99'],
    ['// specification, pages 000, 001 ("so") and 009', 'docs/facts/specification.md has no page 009'],
    ['// as page 003 says', '"page 003" names no document'],
    ['// (issue 4, section 2)', '"issue 4" names no document'],
    ['// (seeds 000 and 001)', '"seeds 000" names no document'],
    ['// (design rule 1)', '"design rule 1" names no document'],
  ] as const) {
    it(`find what is wrong with ${comment.replaceAll('\n', ' ')}`, () => {
      expect(commentsOf('src/a.ts', comment).flatMap((each) => problemsOf('src/a.ts', each))).to.deep.equal([
        problem,
      ]);
    });
  }

  for (const comment of [
    '// (docs/design.md, rule 17) and docs/design.md, "What the gate refuses" and "What would hurt most"',
    '// docs/facts/openbao-operator.md, 3, RollbackCleanup; docs/facts/openbao-operator.md, section 4 (#347)',
    '// docs/facts/openbao-measured.md, sections 0, 4 and 5; docs/facts/openbao.md, fact 8',
    '// specification, pages 000, 002 ("Downgrades are blocked by default") and 004',
    '// https://example.com/a.md',
    "const a = 'issue 4';",
  ]) {
    it(`let ${comment} pass`, () => {
      expect(commentsOf('src/a.ts', comment).flatMap((each) => problemsOf('src/a.ts', each))).to.deep.equal(
        [],
      );
    });
  }
});
