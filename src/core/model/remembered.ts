/** Answers that are kept, and characters that a text of them has at most: together some 100 KB. */
const most = 256;
const longest = 128;

/**
 * A function of a text that keeps its answers: a review names the same version and the same image again and again,
 * and so does the next. All of them are dropped when there are too many.
 *
 * @param of must give the same answer for the same text, which nobody changes
 */
export function remembered<T>(of: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>();
  return (text) => {
    const kept = answers.get(text);
    if (kept !== undefined) return kept;
    const answer = of(text);
    if (text.length > longest) return answer;
    if (answers.size >= most) answers.clear();
    answers.set(text, answer);
    return answer;
  };
}
