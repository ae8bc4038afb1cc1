import { styleText } from 'node:util';

export type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

/** Text in a style, or as it is where there are no colors. */
export type Paint = (style: Style, text: string) => string;

export const painter =
  (color: boolean): Paint =>
  (style, text) =>
    color ? styleText(style, text, { validateStream: false }) : text;

/** Colors are for terminals; FORCE_COLOR and NO_COLOR (force-color.org, no-color.org) say otherwise, in this order. */
export function wantsColor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  const { FORCE_COLOR: force = '', NO_COLOR: no = '', TERM: term } = environment;
  if (force !== '') return force !== '0' && force !== 'false';
  return stream.isTTY === true && no === '' && term !== 'dumb';
}

/** Where a command writes, and how it ends. */
export interface CommandIo {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly exitCode: (code: number) => void;
  /** Ends the program at once: the command line is wrong, or help was asked for. */
  readonly abort: (code: number) => never;
  readonly color: { readonly stdout: boolean; readonly stderr: boolean };
}

/** Those of the process. */
export const processStreams: CommandIo = {
  write: (text) => writeTo(process.stdout, text),
  writeError: (text) => writeTo(process.stderr, text),
  exitCode: (code) => void (process.exitCode = code),
  abort: (code) => process.exit(code),
  color: {
    stdout: wantsColor(process.stdout, process.env),
    stderr: wantsColor(process.stderr, process.env),
  },
};

function writeTo(stream: NodeJS.WriteStream, text: string): void {
  // Whoever reads may have read enough (`| head`): then there is nobody left to tell.
  if (stream.listenerCount('error') === 0) stream.on('error', () => process.exit());
  stream.write(text);
}

/**
 * Text from a file, fit for a terminal and for the log of a CI: characters that move the
 * cursor, end a line or turn the reading direction are shown as their number.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `<U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`,
  );
}
