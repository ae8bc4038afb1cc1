import { carriedOut } from '../jobs.ts';
import { isPromoted } from '../membership.ts';
import { advance, type PhaseHandler } from '../phase.ts';

/**
 * Promoting: votes move from blue to green, one at a time so that one failure is survivable at each moment
 * (openbao.md, section 6). At its end all of green vote, and of blue the leader alone.
 */
export const promoting: PhaseHandler = (input) =>
  carriedOut(input, 'promote-green-voters', isPromoted(input)) ?? advance('DemotingBlue');
