import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect } from 'chai';
import { reasonOrder, reasons } from '../src/api/reasons.ts';
import { holdReasons, holdScopes } from '../src/api/hold-reasons.ts';
import * as policyIndex from '../src/core/policies/index.ts';
import type { Policy } from '../src/core/policies/policy.ts';

// npm runs every script in the root of the package.
const root = process.cwd();

/** The parts of the program, and which others each may import. Tests and benchmarks are not judged. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'src/api': [],
  'src/core': ['src/api'],
  'src/io': ['src/api', 'src/core'],
  'src/commands/config.ts': ['src/api'],
  'src/controller': ['src/api', 'src/core', 'src/io'],
  'src/executor': ['src/api', 'src/core', 'src/io'],
  'src/cli': ['src/api', 'src/core', 'src/io', 'webhooks'],
  webhooks: ['src/api', 'src/core', 'src/io'],
  certs: ['src/api', 'src/core', 'src/io'],
  manifests: ['src/api', 'src/core'],
  // One subcommand a file: everything is wired here.
  'src/commands': [
    'src/api',
    'src/core',
    'src/io',
    'src/commands/config.ts',
    'src/controller',
    'src/executor',
    'src/cli',
    'webhooks',
    'certs',
  ],
  // main.ts and program.ts: nothing imports them.
  'src/*.ts': ['src/commands/config.ts', 'src/commands'],
};

/** What the pure parts may import from outside the package. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'src/api': ['ajv', 'json-schema-to-ts'],
  'src/core': ['semver'],
};

/** What makes an answer depend on more than its arguments. */
const impure = [
  /\bDate\.now\b/,
  // With an argument it is arithmetic.
  /\bnew Date\b(?!\([^)])/,
  /\bDate\(\)/,
  /\bperformance\b/,
  /\bMath\.random\b/,
  /\bcrypto\b/,
  /\bprocess\./,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bfetch\(/,
  /\bconsole\./,
];

const folders = ['src', 'webhooks', 'certs', 'manifests'];
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => posix.join(folder, path))
    .filter((path) => path.endsWith('.ts'));
const files = folders.flatMap(filesIn);
const sourceOf = (path: string) => readFileSync(join(root, path), 'utf8');
const withoutComments = (source: string) =>
  source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

function partOf(path: string): string {
  if (path in mayImport) return path;
  const [first = '', second = ''] = path.split('/');
  if (first !== 'src') return first;
  return second.endsWith('.ts') ? 'src/*.ts' : `${first}/${second}`;
}

/** What a file imports, types included: packages as they are named, files by their path in the repository. */
function importsOf(path: string): readonly string[] {
  const source = withoutComments(sourceOf(path));
  const found = source.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([^'"]+)['"]/g);
  return Array.from(found, ([, name = '']) =>
    name.startsWith('.') ? posix.join(posix.dirname(path), name) : name,
  );
}

/** What declares an exported name. */
const declaration =
  /^export (?:default )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm;

/** The names in braces; of `a as b` the first or the last. */
const namesIn = (list: string, which: 'first' | 'last') =>
  list
    .split(',')
    .map((each) =>
      each
        .trim()
        .replace(/^type /, '')
        .split(' as '),
    )
    .flatMap((names) => (which === 'first' ? names[0] : names.at(-1)) || []);

const isFile = (name: string) => name.endsWith('.ts') || name.endsWith('.json');
const inPart = (part: string) => files.filter((path) => partOf(path) === part);

const imports = () =>
  files.flatMap((path) =>
    importsOf(path)
      .filter(isFile)
      .map((target): Import => [path, target]),
  );

type Import = readonly [from: string, to: string];

/**
 * Circles of rooms with the same parent, each with all that is inside it.
 *
 * @returns one circle for each first step into one
 */
function circles(edges: readonly Import[]): readonly string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    // The rooms in src stand beside webhooks and certs.
    const [left = [], right = []] = [from, to].map((path) => path.replace(/^src\//, '').split('/'));
    const common = left.findIndex((name, at) => name !== right[at]);
    // A file beside a room is no room: it holds what its neighbors share, or puts them together.
    if (left.length - common < 2 || right.length - common < 2) continue;
    const [a, b] = [left, right].map((names) => names.slice(0, common + 1).join('/')) as [string, string];
    next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (room: string, way: readonly string[]): void => {
    if (way.includes(room)) found.push([...way.slice(way.indexOf(room)), room].join(' -> '));
    if (way.includes(room) || done.has(room)) return;
    for (const each of next.get(room) ?? []) visit(each, [...way, room]);
    done.add(room);
  };
  for (const room of next.keys()) visit(room, []);
  return found;
}

describe('the house', () => {
  it('has files to judge', () => {
    expect(inPart('src/api')).to.include('src/api/reasons.ts');
    expect(inPart('src/core').length).to.be.above(10);
    expect(importsOf('src/core/policies/index.ts')).to.include('src/core/policies/policy.ts');
  });

  it('imports one way', () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .filter(isFile)
        .filter((target) => partOf(target) !== partOf(path))
        .filter((target) => !mayImport[partOf(path)]?.includes(partOf(target)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('has no circle between rooms that stand side by side', () => {
    expect(circles(imports())).to.deep.equal([]);
  });

  it('finds a circle, also one that goes round through three rooms or from deep inside one', () => {
    expect(
      circles([
        ['src/a/x/1.ts', 'src/b/2.ts'],
        ['src/b/y/3.ts', 'src/c/4.ts'],
        ['src/c/5.ts', 'src/a/6.ts'],
      ]),
    ).to.deep.equal(['a -> b -> c -> a']);
    // A room and what is inside it are one: phases use their machine's words, and the machine lists its phases.
    expect(
      circles([
        ['src/a/x/1.ts', 'src/a/2.ts'],
        ['src/a/2.ts', 'src/a/x/1.ts'],
      ]),
    ).to.deep.equal([]);
  });

  it('has no part that the table does not know', () => {
    expect(new Set(files.map(partOf).filter((part) => !(part in mayImport)))).to.deep.equal(new Set());
  });

  for (const [part, allowed] of Object.entries(packages)) {
    it(`keeps ${part} to ${allowed.join(' and ')}`, () => {
      const wrong = inPart(part).flatMap((path) =>
        importsOf(path)
          .filter((name) => !isFile(name) && !allowed.includes(name))
          .map((name) => `${path} imports ${name}`),
      );
      expect(wrong).to.deep.equal([]);
    });

    it(`keeps clock, chance, process and network out of ${part}`, () => {
      const wrong = inPart(part).flatMap((path) => {
        const source = withoutComments(sourceOf(path));
        return impure.filter((word) => word.test(source)).map((word) => `${path} has ${word.source}`);
      });
      expect(wrong).to.deep.equal([]);
    });
  }

  it('finds what is impure, where it is', () => {
    for (const line of [
      'const now = Date.now();',
      'x(new Date())',
      'x(new Date)',
      'Math.random() * 2',
      'const { PATH } = process.env;',
      'setTimeout(f, 1)',
    ]) {
      expect(
        impure.some((word) => word.test(withoutComments(line))),
        line,
      ).to.equal(true);
    }
    for (const line of [
      'new Date(now)',
      '/** in the process. */',
      '// Date.now',
      "'https://example'",
      'preprocess(x)',
    ]) {
      expect(
        impure.some((word) => word.test(withoutComments(line))),
        line,
      ).to.equal(false);
    }
  });

  it('runs on Node 24 or newer', () => {
    expect(Number(process.versions.node.split('.')[0])).to.be.at.least(24);
  });
});

describe('L2: data', () => {
  /** What deletes, or says that data may be deleted, and who alone may have it. */
  const doors: readonly (readonly [RegExp, readonly string[]])[] = [
    [/\bisData: true/, ['src/core/model/data-door.ts']],
    [/\bkind: 'deleteUnsealKey'/, ['src/core/model/data-door.ts', 'src/core/model/decision.ts']],
    // Of Kubernetes' objects: those of an effect, and the Secret of that one; each is passed on within its term.
    [
      /\bclient\.remove\(/,
      ['src/io/kubernetes/apply.ts', 'src/io/kubernetes/fenced-client.ts', 'src/io/kubernetes/unseal-key.ts'],
    ],
    [/\bmethod: 'DELETE'/, ['src/io/kubernetes/kubernetes.ts', 'src/io/object-store/s3.ts']],
    [
      /\bdeleteUnsealKey\(/,
      ['src/commands/run-controller.ts', 'src/io/kubernetes/apply.ts', 'src/io/kubernetes/unseal-key.ts'],
    ],
  ];

  it('has one door out (docs/design.md, rule 14)', () => {
    for (const [word, allowed] of doors) {
      const found = files.filter((path) => word.test(withoutComments(sourceOf(path))));
      expect(found.toSorted(), String(word)).to.deep.equal(allowed.toSorted());
    }
  });
});

describe('every export', () => {
  const users = ['test', 'bench', 'packaging'].flatMap((folder) => filesIn(folder));
  const sources = new Map([...files, ...users].map((path) => [path, withoutComments(sourceOf(path))]));

  const exportedBy = (source: string) => [
    ...Array.from(source.matchAll(declaration), ([, name = '']) => name),
    ...Array.from(source.matchAll(/^export (?:type )?\{([^}]*)\}/gm), ([, list = '']) => list).flatMap(
      (list) => namesIn(list, 'last'),
    ),
  ];
  /** Everything, by `import * as` and `import()`: what is taken of it is not looked for. */
  const wholly = /\bimport\((?=\s*'\.)|\bimport \* as \w+ from(?=\s*'\.)/.source;
  const importedBy = (path: string, source: string) => {
    const targetOf = (from: string) => posix.join(posix.dirname(path), from);
    const named = source.matchAll(/\b(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'(\.[^']*)'/g);
    const whole = source.matchAll(new RegExp(`(?:${wholly})\\s*'([^']*)'`, 'g'));
    return [
      ...Array.from(named, ([, list = '', from = '']) =>
        namesIn(list, 'first').map((name) => `${targetOf(from)} ${name}`),
      ).flat(),
      ...Array.from(whole, ([, from = '']) => `${targetOf(from)} *`),
    ];
  };

  const imported = (paths: readonly string[]) =>
    new Set(paths.flatMap((path) => importedBy(path, sources.get(path) ?? '')));
  const byProgram = imported(files);
  const byTests = imported(users);
  const isIn = (names: ReadonlySet<string>, path: string, name: string) =>
    names.has(`${path} ${name}`) || names.has(`${path} *`);
  const isUsedAtHome = (source: string, name: string) =>
    Array.from(source.matchAll(new RegExp(`\\b${name}\\b`, 'g'))).length > 1;

  // A test may take a part of a file for itself; what tests alone use is no part of the program.
  it('is imported by another file, or by a test of what its own file uses', () => {
    const unused = files.flatMap((path) => {
      const source = sources.get(path) ?? '';
      return exportedBy(source)
        .filter((name) => !isIn(byProgram, path, name))
        .filter((name) => !isIn(byTests, path, name) || !isUsedAtHome(source, name))
        .map((name) => `${path} exports ${name}`);
    });
    expect(unused).to.deep.equal([]);
  });

  it('is found, in each form', () => {
    const source = [
      'export const a = 1;',
      'export async function b() {}',
      'export interface C<T> {}',
      "export { d, type E as F } from './g.ts';",
    ].join('\n');
    expect(exportedBy(source)).to.deep.equal(['a', 'b', 'C', 'd', 'F']);
    expect(importedBy('src/h.ts', source)).to.deep.equal(['src/g.ts d', 'src/g.ts E']);
    for (const whole of ["import * as i from './g.ts';", "await import('./g.ts')"]) {
      expect(importedBy('src/h.ts', whole)).to.deep.equal(['src/g.ts *']);
    }
  });
});

describe('every policy', () => {
  const listed = Object.values<unknown>(policyIndex)
    .filter((value) => Array.isArray(value))
    .flat() as readonly Policy<never>[];
  const declared = inPart('src/core').filter((path) =>
    /^export const \w+: Policy</m.test(withoutComments(sourceOf(path))),
  );

  it('is in a file of its own, named after its id, and listed in index.ts', () => {
    expect(declared).to.have.length.above(5);
    expect([...new Set(listed.map(({ id }) => `src/core/policies/${id}.ts`))].toSorted()).to.deep.equal(
      declared.toSorted(),
    );
  });

  it('is the only one in its file', () => {
    for (const path of declared) {
      expect(sourceOf(path).match(/^export const \w+: Policy</gm), path).to.have.length(1);
    }
  });

  it('says in its comment what it guards, what it allows and where that is from', () => {
    for (const path of declared) {
      for (const heading of ['Guards:', 'Allows:', 'Source:']) {
        expect(sourceOf(path), path).to.contain(` * ${heading} `);
      }
    }
  });

  it('has a test of its own', () => {
    const tests = readdirSync(join(root, 'test/core/policies'));
    expect(tests).to.include.members(listed.map(({ id }) => `${id}.test.ts`));
  });
});

describe('every reason', () => {
  it('is given somewhere', () => {
    const sources = files
      .filter((path) => path !== 'src/api/reasons.ts')
      .map((path) => withoutComments(sourceOf(path)));
    const unused = reasonOrder.filter((reason) => !sources.some((source) => source.includes(`'${reason}'`)));
    expect(unused).to.deep.equal([]);
  });

  it('is named in a test', () => {
    const tests = readdirSync(join(root, 'test/core/policies')).map((name) =>
      sourceOf(posix.join('test/core/policies', name)),
    );
    const untested = reasonOrder.filter((reason) => !tests.some((test) => test.includes(`'${reason}'`)));
    expect(untested).to.deep.equal([]);
  });

  it('stands once in docs/reference/reasons.md, in order, with when, why and what to do', () => {
    const [, ...sections] = sourceOf('docs/reference/reasons.md').split(/^## /m);
    const told = sections.map((section) => [
      /^`(\w+)`$/m.exec(section)?.[1],
      ...Array.from(section.matchAll(/^\*\*(?:When|Why|Now):\*\* (.*)\.$/gm), ([, text = '']) =>
        text.replaceAll('\\', ''),
      ),
    ]);
    const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
    expect(told).to.deep.equal(
      reasonOrder.map((reason) => [
        reason,
        // It may begin with the name of a field.
        /^[\w.]+\.\w/.test(reasons[reason].when) ? reasons[reason].when : capitalised(reasons[reason].when),
        capitalised(reasons[reason].meaning),
        capitalised(reasons[reason].remedy),
      ]),
    );
  });
});

describe('every reason of a hold', () => {
  it('is given somewhere', () => {
    const sources = files
      .filter((path) => path !== 'src/api/hold-reasons.ts')
      .map((path) => withoutComments(sourceOf(path)));
    const unused = Object.keys(holdReasons).filter(
      (reason) => !sources.some((source) => source.includes(`'${reason}'`)),
    );
    expect(unused).to.deep.equal([]);
  });

  it('has one heading in docs/reference/holds.md, with whose it is and what to do', () => {
    const [, ...sections] = sourceOf('docs/reference/holds.md').split(/^### (?=`)/m);
    const told = sections.map((section) => /^`(\w+)`$/m.exec(section)?.[1] ?? '');
    expect(told.toSorted()).to.deep.equal(Object.keys(holdReasons).toSorted());
    for (const section of sections) {
      expect(section).to.match(/^\*\*In:\*\* .+\.$/m);
      expect(section).to.match(/^\*\*Now:\*\* .+\.$/m);
    }
  });

  it('is of a scope, and every scope gives some', () => {
    const given = new Set<string>(Object.values(holdReasons).flatMap(({ scopes }) => scopes));
    expect(Object.keys(holdScopes).filter((scope) => !given.has(scope))).to.deep.equal([]);
  });
});
