import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks again and again until there is something to see. Between two looks it pauses for twice as long as a look
 * takes, within bounds: a look that starts a program, such as kubectl, would else keep a processor busy.
 *
 * @returns the first answer that is neither false nor undefined; undefined when there is none in time
 */
export async function poll<Answer>(
  look: () => Answer | Promise<Answer>,
  { leastPauseMs, timeoutMs }: { readonly leastPauseMs: number; readonly timeoutMs: number },
): Promise<Answer | undefined> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const since = Date.now();
    const answer = await look();
    if (answer !== false && answer !== undefined) return answer;
    if (Date.now() > end) return undefined;
    await sleep(pauseMs(Date.now() - since, leastPauseMs));
  }
}

/** After a look that took so long. */
export const pauseMs = (tookMs: number, leastMs: number) => Math.max(leastMs, Math.min(2 * tookMs, 300));
