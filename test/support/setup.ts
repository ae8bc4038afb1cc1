/** For `--require`: how every process of mocha begins and ends. */

/**
 * Mocha passes over a promise that is rejected and that nobody looks at, and exits with 0. Thrown from here, its
 * reason fails the test that runs, or the run when none does.
 */
process.on('unhandledRejection', (reason) => {
  throw reason instanceof Error ? reason : new Error(`rejected unseen: ${String(reason)}`);
});

/** Mocha has every error keep its whole stack, which costs seconds where thousands are made deep in a parser. */
Error.stackTraceLimit = 30;

const ends: (() => Promise<void>)[] = [];

/** Has something done when the last test of this process has ended. */
export function atEnd(end: () => Promise<void>): void {
  ends.push(end);
}

/** Mocha calls it by this name. */
export async function mochaGlobalTeardown(): Promise<void> {
  for (const end of ends.splice(0)) await end();
}
