const longest = 60;

/**
 * Text from a request, for a message: at most 60 characters, and every character that
 * cannot be seen, or is not what it looks like, as its number (`<U+200B>`).
 */
export function printable(text: string): string {
  const shown = visible(text.slice(0, longest));
  return text.length > longest ? `${shown}…` : shown;
}

/** A text of any length, with its characters as above. */
export const visible = (text: string): string => text.replaceAll(/[^\x20-\x7e]/gu, printableCharacter);

/** One character, itself where it is visible ASCII or a space. */
export function printableCharacter(character: string): string {
  if (/[\x20-\x7e]/.test(character)) return character;
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
}
