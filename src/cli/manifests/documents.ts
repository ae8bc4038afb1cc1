import type { At, Document, Where } from './document.ts';
import { findJson, skipSpace } from './json.ts';
import { lineAndColumn } from './position.ts';
import { duplicateKey, type Problem, type Report } from './problem.ts';
import type { Source } from './sources.ts';
import { locate, parseYaml, readYaml } from './yaml.ts';

/**
 * Splits a text into its documents, as kubectl does (apimachinery, util/yaml/decoder.go); empty ones are
 * left out. JSON objects that it begins with are read as JSON, one after another; what follows one of them,
 * and everything else, is YAML. What kubectl would drop is reported.
 */
export function readDocuments({ name, text }: Source, report: Report): readonly Document[] {
  const position = lineAndColumn(text);
  const where: Where = (offset) => `${name}:${position(offset)}`;
  const documents: Document[] = [];
  let rest = 0;
  for (const { start, end, duplicates } of findJson(text)) {
    const chunk = text.slice(start, end);
    const value = jsonValue(chunk);
    // `{a: b}` is YAML, and where it is neither, YAML's reader says at which character.
    if (value === undefined) break;
    for (const offset of duplicates) report(duplicateKey(where(offset)));
    const at = lazily(() => locate(parseYaml(chunk)[0], (offset) => where(start + offset)));
    documents.push({ value, at });
    rest = end;
  }
  const next = skipSpace(text, rest);
  if (next === text.length) return documents;
  if (documents.length > 1) {
    report({
      where: where(next),
      what: 'kubectl reads nothing but JSON objects behind the second one',
      remedy: 'write them as YAML, parted by lines of ---, or each as JSON',
    });
    return documents;
  }
  // Unlike JSON, YAML cares about the spaces that a line begins with.
  const begin = rest === 0 ? 0 : text.lastIndexOf('\n', next) + 1;
  return [...documents, ...yamlDocuments(text, Math.max(begin, rest), where, report)];
}

function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON is read without positions, because almost never is one asked for. */
function lazily(make: () => At): At {
  let at: At | undefined;
  return (path, of) => (at ??= make())(path, of);
}

/** What stands between lines of `---`: kubectl cuts there before it reads YAML. */
function yamlDocuments(text: string, from: number, where: Where, report: Report): readonly Document[] {
  const documents: Document[] = [];
  const read = (start: number, end: number) => {
    const whereInChunk: Where = (offset) => where(start + offset);
    const document = readYaml(text.slice(start, end), whereInChunk, report);
    if (document !== undefined) documents.push(document);
  };
  let start = from;
  for (const { index, 0: line } of text.slice(from).matchAll(/^---.*$/gm)) {
    const offset = from + index;
    const behind = line.slice('---'.length).trim();
    if (behind !== '' && !behind.startsWith('#')) report(textBehindSeparator(where(offset)));
    read(start, offset);
    start = offset + line.length;
  }
  read(start, text.length);
  return documents;
}

const textBehindSeparator = (where: string): Problem => ({
  where,
  what: 'text stands behind ---, which kubectl does not read',
  remedy: 'begin it on the next line',
});
