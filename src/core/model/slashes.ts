/** A text without slashes at its ends. A pattern would look for the last ones from each slash anew. */
export function withoutOuterSlashes(text: string): string {
  let from = 0;
  while (text[from] === '/') from++;
  return withoutLastSlashes(text.slice(from));
}

/** A text without slashes at its end. */
export function withoutLastSlashes(text: string): string {
  let to = text.length;
  while (text[to - 1] === '/') to--;
  return text.slice(0, to);
}
