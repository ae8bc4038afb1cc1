import { event } from '../../event.ts';
import { carriedOutByJob } from '../jobs.ts';
import { isRepaired } from '../membership.ts';
import { advance, type PhaseHandler } from '../phase.ts';
import { whyTooLate } from '../way-back.ts';

/**
 * RollingBack: all of blue vote again, each verified, before any green member stops, and a blue member leads. It is
 * refused while blue would have no quorum (docs/facts/openbao-operator.md, 7.1, 4). Votes that were asked for before
 * show in the membership only after autopilot's next round, so the Job, which reads them, runs in any case.
 *
 * Across 2.6 it may come too late, and then goes forward again.
 */
export const rollingBack: PhaseHandler = (input) => {
  const late = whyTooLate(input);
  if (late !== undefined) {
    const note = `the rollback came too late, and the upgrade goes on: ${late}`;
    return advance('DemotingBlue', {
      patch: { rollbackReason: undefined, rollbackStartedAt: undefined },
      events: [event('Warning', 'PointOfNoReturn', 'Rollback', note)],
    });
  }
  return (
    carriedOutByJob(input, 'repair-consensus', isRepaired(input)) ??
    advance('RollbackCleanup', { patch: { leadsSince: undefined } })
  );
};
