import { carriedOutByJob } from '../jobs.ts';
import { isRepaired } from '../membership.ts';
import { advance, type PhaseHandler } from '../phase.ts';

/**
 * RollingBack: all of blue vote again, each verified, before any green member stops, and a blue member leads. It is
 * refused while blue would have no quorum (docs/facts/openbao-operator.md, 7.1, 4). Votes that were asked for before
 * show in the membership only after autopilot's next round, so the Job, which reads them, runs in any case.
 */
export const rollingBack: PhaseHandler = (input) =>
  carriedOutByJob(input, 'repair-consensus', isRepaired(input)) ??
  advance('RollbackCleanup', { patch: { leadsSince: undefined } });
