import { endPending } from '../ending.ts';
import type { ReleasePart } from '../decision.ts';
import { missingComponents } from '../readiness.ts';
import type { StepInputs } from './step.ts';

/**
 * A Deployment of the release was there and is not any more: somebody deleted it (specification, page 003, "Force
 * cleanup"). That gives the release up, and its inputs until spec changes.
 */
export function takenAway({
  observation,
  status,
  context,
  pending,
  release,
}: StepInputs): ReleasePart | undefined {
  const missing = missingComponents(observation, pending.version, release.snapshot.inputs);
  if (missing.length === 0) return undefined;
  const message = `its Deployment of ${missing.join(' and ')} was deleted by someone else`;
  return endPending(
    status,
    pending,
    { cause: 'Aborted', reason: 'DeletedByHand', message },
    context.now,
    true,
  );
}
