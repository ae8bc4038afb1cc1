/** One of the JSON values that stand in a text one after another. */
interface JsonChunk {
  readonly start: number;
  readonly end: number;
  /** Offsets of keys that their object has already. */
  readonly duplicates: readonly number[];
}

/** Deeper than any manifest; the recursive readers after us are safe up to here. */
const deepest = 500;

/**
 * Finds the JSON objects, written one after another as `kubectl` and `jq` write them, that a text
 * begins with. Only brackets and quotes are looked at; `JSON.parse` has to judge each chunk.
 *
 * Why not the YAML reader, which takes JSON as well: it needs forty times as long, and
 * `--state` may be the pods of a whole cluster.
 */
export function findJson(text: string): readonly JsonChunk[] {
  const chunks: JsonChunk[] = [];
  for (let start = skipSpace(text, 0); text[start] === '{';) {
    const chunk = findObject(text, start);
    if (chunk === undefined) break;
    chunks.push(chunk);
    start = skipSpace(text, chunk.end);
  }
  return chunks;
}

function findObject(text: string, start: number): JsonChunk | undefined {
  /** The keys of each open object; nothing for an open list. */
  const open: (Set<string> | undefined)[] = [];
  const duplicates: number[] = [];
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      if (open.length === deepest) return undefined;
      open.push(character === '{' ? new Set() : undefined);
    } else if (character === '}' || character === ']') {
      open.pop();
      if (open.length === 0) return { start, end: at + 1, duplicates };
    } else if (character === '"') {
      const begin = at;
      at = endOfString(text, at);
      const keys = text[skipSpace(text, at + 1)] === ':' ? open.at(-1) : undefined;
      if (keys === undefined) continue;
      const key = text.slice(begin, at + 1);
      if (keys.has(key)) duplicates.push(begin);
      keys.add(key);
    }
  }
  return undefined;
}

/** The offset of the quote that closes the string which opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /[ \t\r\n]/.test(text[at] ?? '')) at++;
  return at;
}
