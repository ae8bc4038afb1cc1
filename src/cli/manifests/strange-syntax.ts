import {
  isCollection,
  isScalar,
  isSeq,
  visit,
  type Document as YamlDocument,
  type Node,
  type Scalar,
} from 'yaml';

/** A place that kubectl's reader of YAML does not read, or reads otherwise than ours. */
interface Strange {
  readonly offset: number;
  readonly what: string;
  readonly remedy: string;
}

/**
 * What our parser takes (YAML 1.2, and JSON's escapes) and kubectl's does not: go-yaml v2.4 is a reader of
 * YAML 1.1 with limits of its own (scannerc.go). Found by comparing the two on generated texts.
 */
export function strangeSyntax(text: string, document: YamlDocument.Parsed | undefined): readonly Strange[] {
  const found = [...directives(text), ...characters(text)];
  if (document === undefined || document.errors.length > 0) return found;
  visit(document, {
    Node(key, node, path) {
      const name = 'source' in node && !isScalar(node) ? node.source : anchorOf(node);
      if (name !== undefined) found.push(...anchors(name, offsetOf(node)));
      const parent = path.findLast((each) => isCollection(each));
      if (isSeq(parent) && parent.flow !== true) found.push(...tabs(text, offsetOf(node)));
      if (!isScalar(node)) return;
      const inFlow = path.some((each) => isCollection(each) && each.flow === true);
      found.push(...scalars(text, node, inFlow, key === 'key'));
    },
  });
  return found;
}

const offsetOf = ({ range }: Node): number => range?.[0] ?? 0;
const anchorOf = (node: Node): string | undefined => ('anchor' in node ? node.anchor : undefined);

/** kubectl cuts the text at `---` before it reads YAML, and a directive alone is no document. */
function directives(text: string): Strange[] {
  const before = /^(?:[^\S\n]*(?:#.*)?\n)*(?=%)/.exec(text);
  if (before === null) return [];
  return [
    {
      offset: before[0].length,
      what: 'kubectl does not read lines that begin with %, such as %YAML',
      remedy: 'take it away',
    },
  ];
}

function characters(text: string): Strange[] {
  const [character] = text.matchAll(/[\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)/g);
  if (character === undefined) return [];
  const code = character[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  const isBreak = /[\r\x85\u2028\u2029]/.test(character[0]);
  return [
    {
      offset: character.index,
      what: `the character U+${code} ${isBreak ? 'ends a line for kubectl' : 'is none that kubectl reads'}`,
      remedy: 'take it out, or write it with an escape in double quotes',
    },
  ];
}

function anchors(name: string, offset: number): Strange[] {
  if (/^[\w-]+$/.test(name)) return [];
  return [
    {
      offset,
      what: `kubectl does not read the anchor ${name}`,
      remedy: 'name anchors with letters, digits, _ and - alone',
    },
  ];
}

function tabs(text: string, offset: number): Strange[] {
  const [before = ''] = /\s*$/.exec(text.slice(Math.max(0, offset - 80), offset)) ?? [];
  if (!before.slice(before.lastIndexOf('\n') + 1).includes('\t')) return [];
  return [{ offset: offset - 1, what: 'a tab stands where YAML wants spaces', remedy: 'indent with spaces' }];
}

function scalars(text: string, node: Scalar, inFlow: boolean, isKey: boolean): Strange[] {
  const [begin = 0, end = 0] = node.range ?? [];
  const written = text.slice(begin, end);
  if (node.type === 'QUOTE_DOUBLE') {
    const escape = [...written.matchAll(/\\(?:u....|U.{8}|[^])/g)].find(([each]) => isStrangeEscape(each));
    if (escape !== undefined) {
      return [
        {
          offset: begin + escape.index,
          what: `kubectl does not read ${escape[0]} in YAML`,
          remedy: 'write the character itself',
        },
      ];
    }
  }
  if (isKey && !isExplicitKey(text, begin) && `${written}${toColon(text, end)}`.includes('\n')) {
    return [{ offset: begin, what: 'this key goes over several lines', remedy: 'write it on one line' }];
  }
  if (node.type?.startsWith('BLOCK') === true && /^.*\n *\t/.test(written)) {
    return [
      {
        offset: begin,
        what: 'the text below begins with a tab, which kubectl takes for indentation',
        remedy: 'begin it with another character, or indent with spaces',
      },
    ];
  }
  if (!inFlow || node.type !== 'PLAIN') return [];
  const ownColon = isKey && /^\s*:[,[\]{}]/.test(text.slice(end, end + 20));
  const swallows = node.tag !== undefined && node.source === '';
  if (!ownColon && !swallows && !written.startsWith(':') && !written.includes('?')) return [];
  return [
    {
      offset: begin,
      what: 'kubectl takes this :, ? or tag together with what stands beside it',
      remedy: 'put the text in quotes, and a space behind a colon or a tag',
    },
  ];
}

/** `? key`, whose colon stands on a line of its own. */
const isExplicitKey = (text: string, begin: number): boolean =>
  /(?:^|\s)\?\s+$/.test(text.slice(Math.max(0, begin - 80), begin));

/** What stands between a key and its colon. */
const toColon = (text: string, end: number): string =>
  /^\s*(?=:)/.exec(text.slice(end, end + 200))?.[0] ?? '';

/** `\/` and halves of surrogate pairs are JSON's. */
const isStrangeEscape = (escape: string): boolean =>
  /^\\(?:\/|u[dD][89a-fA-F]|U(?!000[\da-fA-F]|0010))/.test(escape);
