import type { MetadataServicesStatus } from '../../api/metadataservices.ts';
import { runConcerns } from '../model/concern.ts';
import { withBoundedTimes } from '../model/bounded-times.ts';
import { latestTimes } from './latest-times.ts';
import { sameValue } from '../model/same-value.ts';
import { childEffects, refusals } from './children.ts';
import { withDeletionConditions, withReleaseConditions } from './conditions.ts';
import type { DecideReleasePart, ReleaseContext, ReleaseDecision } from './decision.ts';
import type { ReleaseObservation } from './observation.ts';
import { decidePause } from './pause.ts';
import { decideProgress } from './progress.ts';
import { decideHistory } from './rebuild.ts';
import { recordEffects } from './records.ts';
import { decideReason, decideRollback } from './requests.ts';
import { decideRetry } from './retry.ts';
import { decideStart } from './start.ts';

/** The concerns, in order: what was lost, what a person asks for, what is under way, what is next. */
const concerns: readonly DecideReleasePart[] = [
  decideHistory,
  decidePause,
  decideRetry,
  decideRollback,
  decideReason,
  decideProgress,
  decideStart,
];

/**
 * All that follows from one observation of a MetadataServices. The status comes back as it was stored when nothing
 * changed, so that nothing is written; `leaseTransitions` alone is no change.
 */
export function decideRelease(given: ReleaseObservation, context: ReleaseContext): ReleaseDecision {
  const stored: MetadataServicesStatus = given.resource.status ?? {};
  const bounded = withBoundedTimes(stored, latestTimes(given.resource.spec, context));
  const observation =
    bounded === stored ? given : { ...given, resource: { ...given.resource, status: bounded } };
  const { resource } = observation;
  const { now, settings, leaseTransitions } = context;
  // Its children go by their owner references.
  if (resource.metadata.deletionTimestamp !== undefined) {
    const status = withDeletionConditions(resource, bounded, now);
    return {
      status: sameValue(stored, status) ? stored : { ...status, leaseTransitions },
      effects: [],
      events: [],
    };
  }
  const decided = runConcerns(concerns, observation, bounded, context);
  const children = childEffects(observation, decided.status);
  const notices = [...decided.notices, ...children.notices, ...refusals(observation)];
  const status = withReleaseConditions(observation, decided.status, notices, now, settings.imageRepository);
  const effects = [
    ...children.effects,
    ...decided.effects,
    ...(status.pausedAt === undefined ? recordEffects(observation, status) : []),
  ];
  const isSame = effects.length === 0 && sameValue(stored, status);
  const isBusy =
    status.pausedAt === undefined &&
    (status.step !== undefined || notices.some(({ kind }) => kind === 'waiting'));
  return {
    status: isSame ? stored : { ...status, leaseTransitions },
    effects,
    events: decided.events,
    requeueAt: Math.min(
      decided.requeueAt ?? Infinity,
      now + (isBusy ? settings.pollMs : settings.idlePollMs),
    ),
  };
}
