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
 * what is wrong that is cut, as far as that goes.
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
  const room = longest - now.length - 2;
  const shown = message.length > room ? `${message.slice(0, Math.max(room - 1, 0))}…` : message;
  return `${shown}. ${now}`.slice(0, longest);
}
