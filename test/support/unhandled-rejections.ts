/**
 * For `--require`: mocha passes over a promise that is rejected and that nobody looks at, and exits with 0. Thrown
 * from here, its reason fails the test that runs, or the run when none does.
 */
process.on('unhandledRejection', (reason) => {
  throw reason instanceof Error ? reason : new Error(`rejected unseen: ${String(reason)}`);
});
