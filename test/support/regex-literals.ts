import { readFileSync } from 'node:fs';

/** A pattern as it stands in a file. */
export interface FoundPattern {
  /** `src/core/x.ts:12` */
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** What may stand before a pattern; after anything else a slash divides. */
const before = /(?:[(,=:[!&|?{};>\n]|\b(?:return|typeof|of|in|case))\s*$/;
const literal = /\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)/y;
const skipped = /\/\/.*|\/\*[^]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/y;

/** All pattern literals of a file of this package, those within templates too; comments and texts are left out. */
export function patternsIn(file: string): readonly FoundPattern[] {
  const text = readFileSync(file, 'utf8');
  const found: FoundPattern[] = [];
  /** For each open template its depth of braces. */
  const templates: number[] = [];
  let inTemplate = false;
  let significant = '\n';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (inTemplate) {
      if (character === '\\') at++;
      else if (character === '`') inTemplate = false;
      else if (character === '$' && text[at + 1] === '{') {
        templates.push(0);
        inTemplate = false;
        significant = '{';
        at++;
      }
      continue;
    }
    skipped.lastIndex = at;
    const whole = skipped.exec(text)?.[0];
    if (whole !== undefined) {
      at += whole.length - 1;
      if (!whole.startsWith('/')) significant = "'";
      continue;
    }
    if (character === '`') inTemplate = true;
    const depth = templates.length - 1;
    if (character === '{' && depth >= 0) templates[depth]! += 1;
    if (character === '}' && depth >= 0) {
      if (templates[depth] === 0) {
        templates.pop();
        inTemplate = true;
        continue;
      }
      templates[depth]! -= 1;
    }
    if (character === '/' && before.test(significant.slice(-12))) {
      literal.lastIndex = at;
      const [pattern, source = '', flags = ''] = literal.exec(text) ?? [];
      if (pattern !== undefined) {
        const line = text.slice(0, at).split('\n').length;
        found.push({ place: `${file}:${line}`, source, flags });
        at += pattern.length - 1;
        significant = ')';
        continue;
      }
    }
    significant = (significant + character).slice(-12);
  }
  return found;
}
