import { ensureByJob, ensureStarted } from '../jobs.ts';
import { isEnlarged, isPromoted } from '../membership.ts';
import { advance, type PhaseHandler } from '../phase.ts';

/**
 * Promoting: votes move from blue to green, one at a time so that one failure is survivable at each moment
 * (docs/facts/openbao.md, section 6). At its end all of green vote, and of blue the leader alone. The Job goes on
 * from there by itself: between two Jobs the cluster would wait for a pod with its votes on both sides.
 *
 * A green half that is upgraded in place gets its votes beside blue, who keeps them all: one pod after the other is
 * taken down next.
 */
export const promoting: PhaseHandler = (input) =>
  input.blueGreen.upgradesGreenInPlace === true
    ? (ensureByJob(input, 'promote-green', isEnlarged(input)) ?? advance('UpgradingGreen'))
    : (ensureStarted(input, 'hand-over-to-green', isPromoted(input)) ?? advance('DemotingBlue'));
