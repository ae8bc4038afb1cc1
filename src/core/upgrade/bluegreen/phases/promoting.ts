import { ensureStarted } from '../jobs.ts';
import { isPromoted } from '../membership.ts';
import { advance, type PhaseHandler } from '../phase.ts';

/**
 * Promoting: votes move from blue to green, one at a time so that one failure is survivable at each moment
 * (docs/facts/openbao.md, section 6). At its end all of green vote, and of blue the leader alone. The Job goes on
 * from there by itself: between two Jobs the cluster would wait for a pod with its votes on both sides.
 */
export const promoting: PhaseHandler = (input) =>
  ensureStarted(input, 'hand-over-to-green', isPromoted(input)) ?? advance('DemotingBlue');
