import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'chai';
import GithubSlugger from 'github-slugger';
import type { Token, Tokens } from 'marked';
import { parse } from 'yaml';
import { documents } from '../src/api/documents.ts';
import { markdownTokens } from './support/documents.ts';

// npm runs every script in the root of the package.
const pages = globSync(['*.md', 'docs/**/*.md', '{bench,certs,manifests,src,test,webhooks}/**/*.md'])
  .map((path) => path.replaceAll('\\', '/'))
  .toSorted();

interface Page {
  /** As GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** Relative ones, from the root of the repository: `docs/clusters.md#a-cluster`. */
  readonly links: readonly string[];
  /** Of all tables, header included, as they are written. */
  readonly cells: readonly string[];
}

const read = new Map(pages.map((path) => [path, pageOf(path, readFileSync(path, 'utf8'))]));

function pageOf(path: string, text: string): Page {
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const links: string[] = [];
  const cells: string[] = [];
  for (const token of markdownTokens(text)) {
    if (token.type === 'heading') anchors.add(slugger.slug(plainText((token as Tokens.Heading).tokens)));
    if (token.type === 'link' || token.type === 'image') {
      const { href } = token as Tokens.Link;
      if (!/^[a-z]+:/.test(href)) links.push(resolved(path, href));
    }
    if (token.type === 'table') {
      const { header, rows } = token as Tokens.Table;
      cells.push(...[header, ...rows].flat().map((cell) => cell.text));
    }
  }
  return { anchors, links, cells };
}

function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token) =>
      'tokens' in token && token.tokens !== undefined
        ? plainText(token.tokens)
        : token.raw.replaceAll('`', ''),
    )
    .join('');
}

function resolved(from: string, href: string): string {
  return href.startsWith('#') ? from + href : posix.join(posix.dirname(from), href);
}

/** Why a place, `path#anchor`, is not there. */
function whyNot(place: string): string | undefined {
  const [path = '', anchor] = place.split('#');
  if (!existsSync(path)) return `${path} is not there`;
  if (anchor === undefined) return undefined;
  return read.get(path)?.anchors.has(anchor) === true ? undefined : `${path} has no heading #${anchor}`;
}

describe('the documents', () => {
  it('are there to judge', () => {
    expect(pages).to.include.members(['README.md', 'docs/install.md']);
    expect(read.get('README.md')?.links.length).to.be.above(10);
    expect(whyNot('docs/clusters.md#a-persons-token')).to.equal(undefined);
    expect(whyNot('docs/none.md')).to.be.a('string');
    expect(whyNot('docs/clusters.md#none')).to.be.a('string');
  });

  it('link to files and headings that exist', () => {
    const broken = pages.flatMap((path) =>
      (read.get(path)?.links ?? []).flatMap((link) => {
        const why = whyNot(link);
        return why === undefined ? [] : [`${path}: ${why}`];
      }),
    );
    expect(broken).to.deep.equal([]);
  });

  it('begin with a README of at most 150 lines', () => {
    expect(readFileSync('README.md', 'utf8').trimEnd().split('\n')).to.have.length.at.most(150);
  });

  it('have no table with a cell above 200 characters, which nobody reads on a terminal', () => {
    const long = pages.flatMap((path) =>
      (read.get(path)?.cells ?? []).filter((cell) => cell.length > 200).map((cell) => `${path}: ${cell}`),
    );
    expect(long).to.deep.equal([]);
  });

  it('are all reached from the README', () => {
    const reached = new Set<string>();
    const follow = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const link of read.get(path)?.links ?? []) {
        const [target = ''] = link.split('#');
        if (read.has(target)) follow(target);
        // A link to a folder shows what is in it.
        else if (existsSync(target) && statSync(target).isDirectory())
          pages.filter((page) => posix.dirname(page) === posix.normalize(`${target}/.`)).forEach(follow);
      }
    };
    follow('README.md');
    expect(pages.filter((path) => !reached.has(path))).to.deep.equal([]);
  });
});

describe('a message that names a place in the documents', () => {
  for (const [name, place] of Object.entries(documents)) {
    it(`names one that exists: ${name}`, () => {
      expect(whyNot(place)).to.equal(undefined);
    });
  }

  it('takes it from src/api/documents.ts', () => {
    const places = /README|\bdocs\/[\w/-]+\.md/;
    const sources = globSync(['src/**/*.ts', 'webhooks/**/*.ts', 'certs/**/*.ts']).filter(
      (path) => path !== 'src/api/documents.ts',
    );
    expect(sources.length).to.be.above(100);
    const own = sources.filter((path) => places.test(withoutComments(readFileSync(path, 'utf8'))));
    expect(own).to.deep.equal([]);
  });
});

const withoutComments = (source: string) =>
  source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

describe('the page of the architecture', () => {
  const page = readFileSync('docs/development/architecture.md', 'utf8');

  it('names each folder of the program', () => {
    const folders = globSync(['src/*/', 'src/core/*/'], { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name, parentPath }) => (parentPath.endsWith('core') ? `${name}/` : `src/${name}/`));
    expect(folders).to.include.members(['src/api/', 'policies/']);
    expect(folders.filter((folder) => !page.includes(`\`${folder}\``))).to.deep.equal([]);
  });

  it('names none that is not there', () => {
    const inCore = /^### Decisions: `src\/core\/`$([^]*?)^### /m.exec(page)?.[1] ?? '';
    const named = [
      ...Array.from(page.matchAll(/`((?:src|test)\/[\w/-]*\/)`/g), ([, folder = '']) => folder),
      ...Array.from(inCore.matchAll(/^- `([\w-]+\/)`/gm), ([, folder = '']) => `src/core/${folder}`),
    ];
    expect(named).to.have.length.above(12);
    expect(named.filter((folder) => !existsSync(folder))).to.deep.equal([]);
  });
});

describe('the page of conditions', () => {
  const [, ...sections] = readFileSync('docs/reference/conditions.md', 'utf8').split(/^## /m);
  const kinds = {
    OpenBaoCluster: ['conditions', 'going-volumes', 'guard', 'mix'].map(
      (each) => `src/core/cluster/${each}.ts`,
    ),
    MetadataServices: ['src/core/release/conditions.ts'],
    OpenBaoRestore: ['src/core/restore/conditions.ts'],
  };
  for (const [kind, paths] of Object.entries(kinds)) {
    it(`has those of ${kind}, and no other`, () => {
      const section = sections.find((each) => each.startsWith(kind)) ?? '';
      const told = Array.from(section.matchAll(/^\| `(\w+)`/gm), ([, type = '']) => type);
      const code = paths.map((path) => readFileSync(path, 'utf8')).join('\n');
      const given = code.matchAll(/\b(?:verdict\(|of\(|const type =)\s*'([A-Z]\w+)'/g);
      // These are given by a function that the kinds share.
      const types = new Set([
        'Ready',
        'Stalled',
        'Reconciling',
        ...Array.from(given, ([, type = '']) => type),
      ]);
      expect(told.toSorted()).to.deep.equal([...types].toSorted());
    });
  }
});

describe('the runbook of each alert', () => {
  it('is a heading that exists', () => {
    const { spec } = parse(readFileSync('manifests/monitoring/rules.yaml', 'utf8')) as {
      spec: { groups: { rules: { annotations: { runbook_url: string } }[] }[] };
    };
    const urls = spec.groups.flatMap(({ rules }) => rules.map(({ annotations }) => annotations.runbook_url));
    expect(urls).to.have.length.above(20);
    // The first part is the base, which the kustomization sets.
    expect(urls.flatMap((url) => whyNot(url.replace(/^[^/]*\//, '')) ?? [])).to.deep.equal([]);
  });
});
