import type { Logger } from '../../certs/serving.ts';
import { poll } from '../support/polling.ts';

/** Keeps what is logged, each line as pino would write it. */
export function recordingLogger(): Logger & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    const { err, ...others } = fields as { err?: Error };
    lines.push(`${level} ${message} ${JSON.stringify({ ...others, err: err?.stack ?? err })}`);
  };
  return { lines, info: write('info'), warn: write('warn'), error: write('error') };
}

/** Waits until what has to come about has come about. @throws Error after `timeoutMs` */
export async function until(what: string, isSo: () => unknown, timeoutMs = 60_000): Promise<void> {
  const isSoNow = async () => Boolean(await isSo());
  if ((await poll(isSoNow, { leastPauseMs: 10, timeoutMs })) === undefined)
    throw new Error(`not within ${timeoutMs} ms: ${what}`);
}
