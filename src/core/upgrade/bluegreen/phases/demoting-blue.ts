import { parseDuration } from '../../../model/duration.ts';
import { whyUnhealthy } from '../../../raft/health.ts';
import { parseTimestamp, timestamp } from '../../../model/time.ts';
import { event } from '../../event.ts';
import { ensureByJob } from '../jobs.ts';
import { whyKeysGoWithBlue } from '../keys-of-blue.ts';
import { isHandedOver } from '../membership.ts';
import { advance, wait, waitForRequest, type PhaseHandler } from '../phase.ts';
import { isAsked } from '../../requests.ts';

/**
 * DemotingBlue: the blue leader is demoted and steps down, with green its only successors, by the Job that moved the
 * votes (`promoting`); then green leads alone for `verification.cleanupDelay`, or until a person lets Cleanup begin
 * (specification, page 002). A rollback is possible till then.
 */
export const demotingBlue: PhaseHandler = (input) => {
  const { observation, blueGreen, green, peers, context } = input;
  const leadsSince = parseTimestamp(blueGreen.leadsSince);
  const step = ensureByJob(input, 'hand-over-to-green', isHandedOver(input));
  if (step !== undefined) return step;
  if (leadsSince === undefined) {
    const leader = peers.leader.kind === 'known' ? peers.leader.value : 'a green member';
    return wait('a green member to become the leader', {
      patch: { leadsSince: timestamp(context.now) },
      statusPatch: { lastStepDownAt: timestamp(context.now) },
      until: context.now,
      events: [
        event('Normal', 'GreenLeads', 'HandOver', `${leader} leads; no blue member is a voter any more`),
      ],
    });
  }
  for (const peer of green) {
    const unhealthy = whyUnhealthy(peer, peers);
    if (unhealthy !== undefined) return wait(unhealthy);
  }
  const { verification, autoCleanup } = observation.cluster.spec.upgrade?.blueGreen ?? {};
  const until = leadsSince + (parseDuration(verification?.cleanupDelay ?? '0s') ?? 0);
  if (context.now < until) {
    return wait(`a green member to have been the leader for ${verification?.cleanupDelay}`, {
      until,
      isOpenEnded: true,
    });
  }
  if (autoCleanup === false && !isAsked(observation, input.status, 'cleanup')) {
    return waitForRequest('cleanup');
  }
  const keys = whyKeysGoWithBlue(input);
  if (keys !== undefined) return keys;
  return advance('Cleanup', {
    patch: { cleanupStartedAt: timestamp(context.now) },
    events: [
      event(
        'Normal',
        'CleanupStarted',
        'Cleanup',
        'clients are routed to the green pods and the blue pods are removed; from now on only a restore leads back',
      ),
    ],
  });
};
