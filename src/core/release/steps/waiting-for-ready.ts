import { parseTimestamp, timestamp } from '../../model/time.ts';
import { normal, windowOf } from '../decision.ts';
import { endPending } from '../ending.ts';
import { releaseFailures, restartsOf } from '../failure.ts';
import { whyNotReady } from '../readiness.ts';
import { wait, type DecideStep } from './step.ts';
import { takenAway } from './taken-away.ts';

/**
 * WaitingForReady: every pod of every component becomes ready within the window. An error that waiting does not
 * mend waits out the window too, as the specification, page 003, says, unless `failFast` is set: registries and
 * nodes recover.
 */
export const waitingForReady: DecideStep = (inputs) => {
  const { observation, status, context, pending, release } = inputs;
  const { now } = context;
  const { spec } = observation.resource;
  const given = takenAway(inputs);
  if (given !== undefined) return given;
  const why = whyNotReady(observation, pending.version, release.snapshot.inputs);
  if (why === undefined) {
    const graceUntil = timestamp(now + windowOf('gracePeriod', spec, context));
    const restarts = restartsOf(observation, pending.version);
    return {
      status: { ...status, step: 'Grace', pending: { ...pending, graceUntil, restarts } },
      effects: [],
      events: [
        normal(
          'ReleaseReady',
          'Deploy',
          `Pending strategy is ready (${pending.strategy}); grace period until ${graceUntil}`,
        ),
      ],
    };
  }
  const [failure] = releaseFailures(observation, pending.version);
  const deadline = parseTimestamp(pending.readyDeadline) ?? now;
  const isOver = now >= deadline || (spec.rollout?.failFast === true && failure?.isTerminal === true);
  if (isOver) {
    return endPending(
      status,
      pending,
      { cause: 'Failed', reason: failure?.reason ?? 'NotReady', message: failure?.message ?? why },
      now,
    );
  }
  const what = failure === undefined ? why : `${failure.reason}: ${failure.message}`;
  return wait(status, what, deadline);
};
