import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
  type Alias,
  type Document as YamlDocument,
} from 'yaml';
import { findJson } from './json.ts';
import { lineAndColumn } from './position.ts';
import type { Report } from './problem.ts';
import type { Source } from './sources.ts';

/** The way to a field: keys and indexes. */
export type Path = readonly (string | number)[];

/** One YAML or JSON document. */
export interface Document {
  readonly value: unknown;
  /** `file:line:column` of a field, or of the key nearest above it where it is not there. */
  readonly at: (path: Path) => string;
}

/** Values in a document once its aliases are written out: ten times what an API server takes. */
const mostValues = 1_000_000;

/**
 * Splits a text into its documents; empty ones are left out. A text that begins with `{` is
 * JSON if it can be, objects one after another included; everything else is YAML.
 */
export function readDocuments({ name, text }: Source, report: Report): readonly Document[] {
  const position = lineAndColumn(text);
  const where = (offset: number) => `${name}:${position(offset)}`;
  const chunks = findJson(text);
  if (chunks === undefined) return yamlDocuments(text, where, report);
  return chunks.flatMap(({ start, end, duplicates }) => {
    const chunk = text.slice(start, end);
    const whereInChunk = (offset: number) => where(start + offset);
    const value = jsonValue(chunk);
    // `{a: b}` is YAML as well, and where it is neither, YAML's reader says at which character.
    if (value === undefined) return yamlDocuments(chunk, whereInChunk, report);
    for (const offset of duplicates) report(duplicateKey(where(offset)));
    return [{ value, at: lazily(() => locator(parseYaml(chunk)[0], whereInChunk)) }];
  });
}

function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON is read without positions, because almost never is one asked for. */
function lazily(make: () => Document['at']): Document['at'] {
  let at: Document['at'] | undefined;
  return (path) => (at ??= make())(path);
}

function yamlDocuments(text: string, where: (offset: number) => string, report: Report): readonly Document[] {
  const documents: Document[] = [];
  for (const document of parseYaml(text)) {
    const [error] = document.errors;
    if (error !== undefined) {
      report(
        error.code === 'DUPLICATE_KEY'
          ? duplicateKey(where(error.pos[0]))
          : { where: where(error.pos[0]), ...syntaxError(error.code, error.message, text) },
      );
      continue;
    }
    const alias = findAlias(document);
    if (alias.wrong !== undefined) {
      report({ where: where(alias.wrong.range?.[0] ?? 0), ...aliasError(alias.wrong, document) });
      continue;
    }
    const value: unknown = document.toJS({ maxAliasCount: -1 });
    const start = document.contents?.range?.[0] ?? 0;
    if (alias.any && unfoldedSize(value) > mostValues) {
      report({
        where: where(start),
        what: `the aliases of this document unfold into more than ${mostValues} values`,
        remedy: 'write out what they stand for, or take them away',
      });
      continue;
    }
    if (value !== null && value !== undefined) documents.push({ value, at: locator(document, where) });
  }
  return documents;
}

/**
 * As kubectl reads it: YAML 1.1 (`yes` is true, `010` is 8, `<<` merges), but dates and
 * times of day stay texts.
 */
function parseYaml(text: string): readonly YamlDocument.Parsed[] {
  const documents = parseAllDocuments(text, {
    schema: 'yaml-1.1',
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === 'string' || !(tag.format === 'TIME' || tag.tag === 'tag:yaml.org,2002:timestamp'),
      ),
    resolveKnownTags: false,
    prettyErrors: false,
    // Its warnings would go to the process's own stderr.
    logLevel: 'error',
  });
  return 'empty' in documents ? [] : documents;
}

const duplicateKey = (where: string) => ({
  where,
  what: 'this key stands here a second time',
  remedy: 'keep one of the two: kubectl would silently take the last',
});

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
      const [start, , end] = node.resolve(document)?.range ?? [Infinity, 0, 0];
      if (start > begin || end > begin) {
        wrong = node as Alias.Parsed;
        return visit.BREAK;
      }
      return undefined;
    },
  });
  return { any, ...(wrong === undefined ? {} : { wrong }) };
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

function locator(
  document: YamlDocument.Parsed | undefined,
  where: (offset: number) => string,
): Document['at'] {
  return (path) => {
    let node: unknown = document?.contents;
    let nearest = document?.contents?.range?.[0] ?? 0;
    for (const step of path) {
      if (isAlias(node)) node = document === undefined ? undefined : node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
        if (!isScalar(pair?.key)) return where(nearest);
        nearest = pair.key.range?.[0] ?? nearest;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(step)];
        nearest = rangeStart(node) ?? nearest;
      } else {
        return where(nearest);
      }
    }
    // A mapping begins on the line after its key, which is not where a person looks.
    return where(isScalar(node) || isSeq(node) ? (rangeStart(node) ?? nearest) : nearest);
  };
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | undefined)?.range?.[0];
}
