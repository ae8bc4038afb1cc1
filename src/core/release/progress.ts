import type { MetadataServicesStatus } from '../../api/metadataservices.ts';
import { held, unchanged } from '../model/concern.ts';
import { whoFights } from './conflict.ts';
import type { DecideReleasePart } from './decision.ts';
import { endPending } from './ending.ts';
import { recordOf } from './history.ts';
import { pendingRelease } from './in-force.ts';
import { asksFor } from './inputs.ts';
import { cleaningUp } from './steps/cleaning-up.ts';
import { grace } from './steps/grace.ts';
import { preparing } from './steps/preparing.ts';
import type { DecideStep } from './steps/step.ts';
import { isCommitted, switching } from './steps/switching.ts';
import { waitingForReady } from './steps/waiting-for-ready.ts';
import { watching } from './steps/watching.ts';

type PendingStep = 'Preparing' | 'WaitingForReady' | 'Grace' | 'Switching';

/** The steps of a release until it serves. */
const steps: Readonly<Record<PendingStep, DecideStep>> = {
  Preparing: preparing,
  WaitingForReady: waitingForReady,
  Grace: grace,
  Switching: switching,
};

/** One step further with what is under way. While paused nothing moves; a request to roll back comes first. */
export const decideProgress: DecideReleasePart = (observation, status, context) => {
  const { resource } = observation;
  const { pending } = status;
  if (status.pausedAt !== undefined) return unchanged(status);
  if (status.cleaning !== undefined) return cleaningUp(observation, status, context.now);
  // A person asked for it, and what fights them does not undo it.
  const isFought = whoFights(observation, status) !== undefined;
  if (status.watching !== undefined)
    return watching(observation, status, context, isWanted(resource.spec, status) || isFought);
  if (pending === undefined) return unchanged(status);
  const goesOn =
    asksFor(resource.spec, pending.inputs) ||
    status.rollback?.state === 'Accepted' ||
    isFought ||
    isCommitted(observation, status);
  if (!goesOn) return replaced(status, pending, resource.spec, context.now);
  const release = pendingRelease(observation, status, context.settings.imageRepository);
  if (release === undefined) {
    return unchanged(
      status,
      held(
        'ReleaseRecordLost',
        `what ${pending.version} was made from is lost: neither its ControllerRevision nor spec has it`,
        { remedy: 'Change spec to begin another release' },
      ),
    );
  }
  return steps[(status.step ?? 'Preparing') as PendingStep]({
    observation,
    status,
    context,
    pending,
    release,
  });
};

const isWanted = (spec: Parameters<typeof asksFor>[0], status: MetadataServicesStatus): boolean =>
  asksFor(spec, recordOf(status, status.activeReleaseVersion)?.inputs);

/** Spec asks for something else by now: the newest wish counts (section 8, 6). */
function replaced(
  status: MetadataServicesStatus,
  pending: NonNullable<MetadataServicesStatus['pending']>,
  spec: Parameters<typeof asksFor>[0],
  now: number,
) {
  const message = isWanted(spec, status)
    ? 'the spec asks for the active release again'
    : 'the spec has changed meanwhile';
  return endPending(status, pending, { cause: 'Replaced', reason: 'Replaced', message }, now);
}
