import { readFile } from 'node:fs/promises';
import { marked, type Token, type Tokens } from 'marked';

export interface CodeBlock {
  /** The heading that it stands under. */
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

/** All parts of a text in Markdown, those within others after them. */
export function markdownTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  void marked.walkTokens(marked.lexer(text), (token) => {
    tokens.push(token);
  });
  return tokens;
}

/** The code blocks of a page, those in lists too, in order. */
export async function codeBlocks(page: string): Promise<readonly CodeBlock[]> {
  const blocks: CodeBlock[] = [];
  let heading = '';
  for (const token of markdownTokens(await readFile(page, 'utf8'))) {
    if (token.type === 'heading') heading = (token as Tokens.Heading).text;
    else if (token.type === 'code') {
      const { lang: language = '', text } = token as Tokens.Code;
      blocks.push({ heading, language, text });
    }
  }
  return blocks;
}

/**
 * The commands of a page that tests run as they are written: the lines of its `sh` blocks, in order, each with the
 * heading that it stands under. What a `console` block shows, no test has to run.
 */
export async function documentedCommands(
  page: string,
): Promise<readonly { readonly heading: string; readonly command: string }[]> {
  return (await codeBlocks(page))
    .filter(({ language }) => language === 'sh')
    .flatMap(({ heading, text }) => text.split('\n').map((command) => ({ heading, command })));
}
