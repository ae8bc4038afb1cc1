import type { MetadataServicesStatus, PendingRelease } from '../../../api/metadataservices.ts';
import { defined } from '../../../api/object-fields.ts';
import type { ReleaseContext, ReleasePart } from '../decision.ts';
import type { ReleaseInForce } from '../in-force.ts';
import type { ReleaseObservation } from '../observation.ts';

/** What a step of a release under way is given. */
export interface StepInputs {
  readonly observation: ReleaseObservation;
  readonly status: MetadataServicesStatus;
  readonly context: ReleaseContext;
  readonly pending: PendingRelease;
  readonly release: ReleaseInForce;
}

export type DecideStep = (inputs: StepInputs) => ReleasePart;

/** Waits in the step, and says for what. */
export function wait(
  status: MetadataServicesStatus,
  waitingFor: string,
  requeueAt: number | undefined,
): ReleasePart {
  return {
    status: { ...status, waitingFor: waitingFor.slice(0, 1_000) },
    effects: [],
    events: [],
    ...defined({ requeueAt }),
  };
}
