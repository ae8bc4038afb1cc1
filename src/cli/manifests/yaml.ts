import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
  type Alias,
  type Document as YamlDocument,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { defined } from '../../api/object-fields.ts';
import { sameValue } from '../../core/model/same-value.ts';
import type { At, Document, Where } from './document.ts';
import { duplicateKey, type Report } from './problem.ts';
import { keyName, resolvePlain, resolveTagged, type ScalarValue } from './scalars.ts';
import { strangeSyntax } from './strange-syntax.ts';

/** Values in a document once its aliases are written out: ten times what an API server takes. */
const mostValues = 1_000_000;

/**
 * Reads what stands between two lines of `---`, to the value that kubectl would send. Where another reader
 * of YAML would send something else (kustomize, Flux), or where kubectl would drop a part, that is reported.
 *
 * @returns nothing where nothing is in there, or where it cannot be used
 */
export function readYaml(text: string, where: Where, report: Report): Document | undefined {
  const [document, second] = parseYaml(text);
  const strange = strangeSyntax(text, document);
  for (const { offset, what, remedy } of strange) report({ where: where(offset), what, remedy });
  if (document === undefined || strange.length > 0) return undefined;
  const [error] = document.errors;
  if (error !== undefined) {
    report({ where: where(error.pos[0]), ...syntaxError(error.code, error.message, text) });
    return undefined;
  }
  if (second !== undefined) {
    report({
      where: where(start(second.contents) ?? second.errors[0]?.pos[0] ?? second.range[0]),
      what: 'kubectl drops what stands behind ... up to the next line of ---',
      remedy: 'write --- instead of ..., or take it away',
    });
    return undefined;
  }
  const alias = findAlias(document);
  if (alias.wrong !== undefined) {
    report({ where: where(start(alias.wrong) ?? 0), ...aliasError(alias.wrong, document) });
    return undefined;
  }
  const value = new Reader(document, where, report).value(document.contents);
  if (alias.any && unfoldedSize(value) > mostValues) {
    report({
      where: where(start(document.contents) ?? 0),
      what: `the aliases of this document unfold into more than ${mostValues} values`,
      remedy: 'write out what they stand for, or take them away',
    });
    return undefined;
  }
  return value === null ? undefined : { value, at: locate(document, where) };
}

/** The documents of a text, all scalars still as they are written. */
export function parseYaml(text: string): readonly YamlDocument.Parsed[] {
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    // Its warnings would go to the process's own stderr.
    logLevel: 'error',
  });
  return 'empty' in documents ? [] : documents;
}

/** Turns nodes into the values that kubectl sends. */
class Reader {
  readonly #document: YamlDocument.Parsed;
  readonly #where: Where;
  readonly #report: Report;
  /** What aliases stand for is read once, and shared. */
  readonly #known = new Map<unknown, unknown>();

  constructor(document: YamlDocument.Parsed, where: Where, report: Report) {
    this.#document = document;
    this.#where = where;
    this.#report = report;
  }

  value(node: unknown): unknown {
    if (isAlias(node)) return this.value(node.resolve(this.#document));
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    if (isScalar(node)) return this.#scalar(node);
    if (!isMap(node) && !isSeq(node)) return null;
    const value = isMap(node) ? this.#mapping(node) : node.items.map((item) => this.value(item));
    this.#known.set(node, value);
    return value;
  }

  #scalar(node: Scalar): unknown {
    const value = this.#scalarValue(node);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return this.#problem(node, 'this is no number that JSON has', 'put it in quotes if it is a text');
    }
    return typeof value === 'bigint' ? Number(value) : value;
  }

  #scalarValue(node: Scalar): ScalarValue {
    const text = node.source ?? '';
    if (node.tag === undefined) return node.type === 'PLAIN' ? resolvePlain(text) : text;
    const value = resolveTagged(node.tag, text);
    if (value !== undefined) return value;
    this.#problem(node, 'the tag does not go with this value', 'take the tag away, or correct the value');
    return null;
  }

  #mapping(node: YAMLMap): Record<string, unknown> {
    const values = new Map<string, unknown>();
    /** Keys that stand in the mapping itself. */
    const own = new Set<string>();
    let merge: unknown;
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      if (isMergeKey(pair.key)) {
        if (merge !== undefined) this.#secondMergeKey(pair.key);
        merge = pair;
        for (const [key, value] of this.#merged(pair)) {
          if (own.has(key) && !sameValue(values.get(key), value)) this.#lateMergeKey(pair.key, key);
          values.set(key, value);
        }
        continue;
      }
      const key = this.#key(pair.key);
      const value = this.value(pair.value);
      if (key === undefined) continue;
      if (own.has(key)) this.#report(duplicateKey(this.#where(start(pair.key) ?? 0)));
      own.add(key);
      values.set(key, value);
    }
    return Object.fromEntries(values);
  }

  /** What a merge key brings: of several mappings the first that has a key. */
  #merged({ key, value }: Pair): ReadonlyMap<string, unknown> {
    const sources = (isSeq(value) ? value.items : [value]).map((item) => this.#resolved(item));
    if (!sources.every((source) => isMap(source))) {
      this.#problem(
        value ?? key,
        'a merge key (<<) takes a mapping or a list of mappings',
        'put the key in quotes if it is none: "<<"',
      );
      return new Map();
    }
    return new Map(sources.toReversed().flatMap((source) => Object.entries(this.value(source) as object)));
  }

  #resolved(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #lateMergeKey(node: unknown, key: string): void {
    this.#problem(
      node,
      `the merge key (<<) stands below ${key}: kubectl takes ${key} from it, kustomize and Flux do not`,
      'put the merge key first in its mapping, or write out what it stands for',
    );
  }

  #secondMergeKey(node: unknown): void {
    this.#problem(
      node,
      'this is a second merge key (<<): kubectl takes both, kustomize and Flux refuse them',
      'write one, with a list: <<: [*a, *b]',
    );
  }

  /** The name that a key has in JSON. */
  #key(given: unknown): string | undefined {
    const node = this.#resolved(given);
    if (!isScalar(node)) {
      this.#problem(given, 'a key must be a text here', 'write it out');
      return undefined;
    }
    const value = this.#scalarValue(node);
    const name = keyName(value);
    if (name === undefined) {
      const what = value === null ? 'a key is missing here' : 'kubectl takes no key of this value';
      this.#problem(given, what, 'put it in quotes');
    }
    return name;
  }

  #problem(node: unknown, what: string, remedy: string): null {
    this.#report({ where: this.#where(start(node) ?? 0), what, remedy });
    return null;
  }
}

/** In quotes it is a key like others. */
const isMergeKey = (key: unknown): boolean =>
  isScalar(key) &&
  key.source === '<<' &&
  (key.tag === undefined ? key.type === 'PLAIN' : key.tag === 'tag:yaml.org,2002:merge');

function syntaxError(code: string, message: string, text: string): { what: string; remedy: string } {
  if (code === 'TAB_AS_INDENT') {
    return { what: 'a tab stands where YAML wants spaces', remedy: 'indent with spaces' };
  }
  if (code === 'RESOURCE_EXHAUSTION') {
    return { what: 'this is nested too deeply', remedy: 'no manifest is; check how the file was made' };
  }
  const said = message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');
  const remedy = /^<{7}/m.test(text)
    ? 'resolve the merge conflict that git left in it'
    : text.includes('{{')
      ? 'if this is a template, render it first (helm template, kustomize build)'
      : 'correct it there; the mistake may begin on the line before';
  return { what: `this is not YAML: ${said}`, remedy };
}

/** Whether there are aliases, and the first that leads nowhere or into itself. */
function findAlias(document: YamlDocument.Parsed): { any: boolean; wrong?: Alias.Parsed } {
  let any = false;
  let wrong: Alias.Parsed | undefined;
  visit(document, {
    Alias(_, node) {
      any = true;
      const [begin = 0] = node.range ?? [];
      const [from, , end] = node.resolve(document)?.range ?? [Infinity, 0, 0];
      if (from > begin || end > begin) {
        wrong = node as Alias.Parsed;
        return visit.BREAK;
      }
      return undefined;
    },
  });
  return { any, ...defined({ wrong }) };
}

function aliasError(alias: Alias, document: YamlDocument): { what: string; remedy: string } {
  return alias.resolve(document) === undefined
    ? {
        what: `the alias *${alias.source} has no anchor &${alias.source} before it in this document`,
        remedy: 'anchors do not reach over ---; set it here, or put a text that begins with * in quotes',
      }
    : {
        what: `the alias *${alias.source} stands inside its own anchor`,
        remedy: 'write out what it stands for',
      };
}

/** How many values there are when every alias is written out, without writing them out. */
function unfoldedSize(value: unknown, known = new Map<object, number>()): number {
  if (typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  const size = Object.values(value).reduce<number>((sum, each) => sum + unfoldedSize(each, known), 1);
  known.set(value, size);
  return size;
}

/** Finds the place of a field in a document. */
export function locate(document: YamlDocument.Parsed | undefined, where: Where): At {
  return (path, of = 'value') => {
    let node: unknown = document?.contents;
    let nearest = start(document?.contents) ?? 0;
    for (const step of path) {
      if (isAlias(node)) node = document === undefined ? undefined : node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && nameOfKey(key) === String(step));
        if (!isScalar(pair?.key)) return where(nearest);
        nearest = start(pair.key) ?? nearest;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(step)];
        nearest = start(node) ?? nearest;
      } else {
        return where(nearest);
      }
    }
    // A mapping begins on the line after its key, which is not where a person looks.
    const isShown = of === 'value' && (isScalar(node) || isSeq(node));
    return where(isShown ? (start(node) ?? nearest) : nearest);
  };
}

const nameOfKey = ({ type, tag, source = '' }: Scalar): string | undefined =>
  type === 'PLAIN' && tag === undefined ? keyName(resolvePlain(source)) : source;

function start(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null | undefined)?.range?.[0];
}
