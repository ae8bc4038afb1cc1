import type { BlueGreenUpgrade } from '../../../../api/openbaocluster.ts';
import { parseDuration } from '../../../model/duration.ts';
import { whyAbsent, whyBehind, whyUnhealthy } from '../../../raft/health.ts';
import { newReference } from '../../../raft/reference.ts';
import { parseTimestamp, timestamp } from '../../../model/time.ts';
import { event } from '../../event.ts';
import { whyGreenFailed } from '../green-health.ts';
import { hook } from '../hook.ts';
import { votersAmong } from '../membership.ts';
import {
  advance,
  fail,
  wait,
  waitForRequest,
  type PhaseHandler,
  type PhaseInput,
  type Step,
} from '../phase.ts';
import { isAsked } from '../../requests.ts';

/**
 * Syncing: every green member has applied what the leader had when it joined or last started anew, and stays in sync
 * for `verification.minSyncDuration`; the hook has succeeded; and green may take over, by `autoPromote` or a request.
 * From here back costs nothing.
 */
export const syncing: PhaseHandler = (input) => {
  const { observation, blueGreen, halves, context } = input;
  const { autoPromote, verification } = observation.cluster.spec.upgrade?.blueGreen ?? {};
  const failed = whyGreenFailed(input);
  if (failed !== undefined) return fail(failed.reason, failed.message);
  const voting = votersAmong(input, halves.green) ?? [];
  if (voting.length > 0) {
    return fail(
      'GreenVotesEarly',
      `${voting.join(', ')} is a voter, although no member has been promoted yet`,
    );
  }
  const reference = newReference(blueGreen, input.peers, input.green);
  const behind = whyOutOfSync(input, reference ?? blueGreen);
  // A member that is lost for a moment, or has started anew between two looks, must be in sync for the whole time anew.
  if (behind !== undefined) return wait(behind, { patch: { ...reference, syncedAt: undefined } });
  const syncedAt = reference === undefined ? parseTimestamp(blueGreen.syncedAt) : undefined;
  if (syncedAt === undefined) {
    return wait('the green members to stay in sync', {
      patch: { ...reference, syncedAt: timestamp(context.now) },
      until: context.now,
      events: [
        event('Normal', 'GreenInSync', 'Sync', 'every green member has applied the log of the leader'),
      ],
    });
  }
  const until = syncedAt + (parseDuration(verification?.minSyncDuration ?? '0s') ?? 0);
  if (context.now < until) {
    return wait(`the green members to stay in sync for ${verification?.minSyncDuration}`, {
      until,
      isOpenEnded: true,
    });
  }
  // What it is to prove of the target, green proves once it runs that.
  const hooked = blueGreen.upgradesGreenInPlace === true ? undefined : hook(input);
  if (hooked !== undefined) return hooked;
  if (autoPromote === false && !isAsked(observation, input.status, 'promote')) {
    return waitForRequest('promote');
  }
  return promotion(input);
};

function whyOutOfSync(
  { green, peers }: PhaseInput,
  { referenceIndex }: Pick<BlueGreenUpgrade, 'referenceIndex'>,
): string | undefined {
  const reasons = [
    ...green.map((peer) => whyAbsent(peer, peers)),
    ...green.map((peer) => whyBehind(peer, referenceIndex)),
  ];
  return reasons.find((reason) => reason !== undefined);
}

/** The first vote crosses versions, so blue is whole at that moment. */
function promotion(input: PhaseInput): Step {
  const { blue, peers, context, blueGreen } = input;
  for (const peer of blue) {
    const unhealthy = whyUnhealthy(peer, peers);
    if (unhealthy !== undefined) return wait(unhealthy);
  }
  const { blueVersion, greenVersion, upgradesGreenInPlace } = blueGreen;
  const note =
    upgradesGreenInPlace === true
      ? `green members of ${blueVersion} are given votes, and are then upgraded to ${greenVersion}, after which an election may move leadership to that version`
      : `green members of ${greenVersion} are given votes; from now on an election may move leadership to that version`;
  return advance('Promoting', {
    patch: { crossedAt: timestamp(context.now) },
    events: [event('Normal', 'PromotionStarted', 'Promote', note)],
  });
}
