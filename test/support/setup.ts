/** For `--require`: how every process of mocha begins. */

/**
 * Mocha passes over a promise that is rejected and that nobody looks at, and exits with 0. Thrown from here, its
 * reason fails the test that runs, or the run when none does.
 */
process.on('unhandledRejection', (reason) => {
  throw reason instanceof Error ? reason : new Error(`rejected unseen: ${String(reason)}`);
});

/** Mocha has every error keep its whole stack, which costs seconds where thousands are made deep in a parser. */
Error.stackTraceLimit = 30;
