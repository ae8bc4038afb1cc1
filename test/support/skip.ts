/** Why each skipped test or suite was skipped, by its full title; the reporter prints it. */
export const skipReasons = new Map<string, string>();

/**
 * Skips the running test (or, from a `before` hook, its whole suite) and says why,
 * so that nothing is skipped unseen. `ROLLGUARD_REQUIRE=cluster,openbao` (a list of
 * what must be there) turns the skip into a failure.
 *
 * @param context mocha's `this`
 * @param reason what is missing, and what would bring it
 * @param requires what the test stands on, as named in `ROLLGUARD_REQUIRE`
 */
export function skip(context: Mocha.Context, reason: string, requires = 'cluster'): never {
  const required = (process.env['ROLLGUARD_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  if (required.includes(requires)) throw new Error(`ROLLGUARD_REQUIRE names ${requires}, but: ${reason}`);
  const running: (Mocha.Runnable & { type?: string }) | undefined = context.test;
  // A `before` hook skips all of its suite.
  const skipped = running?.type === 'hook' ? running.parent : running;
  skipReasons.set(skipped?.fullTitle() ?? '', reason);
  return context.skip();
}
