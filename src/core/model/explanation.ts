/** A command for a shell, with nothing left to fill in but what is written in capitals. */
export interface Command {
  /** What it is for where that is another way, a clause such as `or roll back`; absent where it is the remedy itself. */
  readonly purpose?: string;
  readonly line: string;
}

/** What can be done about something. */
export interface Remedy {
  /** What to do now; a sentence without its full stop. */
  readonly remedy: string;
  readonly commands?: readonly Command[];
}

/** What is wrong and what to do about it, apart until a person reads it. */
export interface Explanation extends Partial<Remedy> {
  /** What is wrong, with the values seen; a sentence without its full stop. */
  readonly message: string;
}

/**
 * As one text. It ends with its last command and no full stop, so that it can be copied. Where it must be cut, it is
 * what is wrong that is cut, down to a quarter of the text; then the remedy, and an ellipsis says so.
 *
 * @param longest characters
 */
export function inWords({ message, remedy, commands = [] }: Explanation, longest = Infinity): string {
  const [first, ...others] = commands.map(({ purpose, line }) =>
    purpose === undefined ? line : `${purpose}: ${line}`,
  );
  const isLedTo = commands[0]?.purpose === undefined;
  const begin = [remedy, first].filter((part) => part !== undefined).join(isLedTo ? ': ' : '; ');
  const now = [begin, ...others].filter((part) => part !== '').join('; ');
  if (now === '') return message.slice(0, longest);
  const room = Math.max(longest - now.length - 2, Math.floor(longest / 4));
  return cut(`${cut(message, room)}. ${now}`, longest);
}

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
