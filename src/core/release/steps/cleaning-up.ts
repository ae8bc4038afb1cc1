import type { MetadataServicesStatus } from '../../../api/metadataservices.ts';
import { omit } from '../../../api/object-fields.ts';
import { endpointPropagationMs } from '../../model/limits.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { deletionOf, isServed } from '../cleaning.ts';
import { normal, type ReleasePart } from '../decision.ts';
import { deploymentsOf, type ReleaseObservation } from '../observation.ts';
import { wait } from './step.ts';

/** CleaningUp: the Deployments of a release that is over go, as soon as no node sends it traffic any more. */
export function cleaningUp(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  now: number,
): ReleasePart {
  const { cleaning, ...rest } = status;
  if (cleaning === undefined) return { status, effects: [], events: [] };
  const { version, strategy, cause, served = false, notBefore } = cleaning;
  const left = deploymentsOf(observation, version);
  if (left.length > 0) {
    if (isServed(observation, status, version))
      return wait(status, `traffic still goes to ${strategy} (${version})`, undefined);
    if (served) {
      const until = parseTimestamp(notBefore) ?? now + endpointPropagationMs;
      const learning = { ...status, cleaning: { ...cleaning, notBefore: timestamp(until) } };
      const reason = `nodes may still send traffic to ${strategy} (${version})`;
      if (now < until) return wait(learning, reason, until);
    }
    return {
      ...wait(status, `${strategy} (${version}) is being removed`, undefined),
      effects: left.map(deletionOf),
    };
  }
  const done = omit(rest, 'step', 'waitingFor');
  const { activeStrategy, activeReleaseVersion } = status;
  const rolledBack = normal(
    'RollbackComplete',
    'Rollback',
    `Rollback complete: Active strategy remains ${activeStrategy} (${activeReleaseVersion}). Deployment phase: Stable`,
  );
  return {
    status: done,
    effects: [],
    events: [
      {
        Superseded: normal(
          'ReleaseSucceeded',
          'Deploy',
          `Release ${activeReleaseVersion} is active. Deployment phase: Stable`,
        ),
        Replaced: normal('ReleaseRemoved', 'Deploy', `${strategy} (${version}) is removed`),
        Aborted: rolledBack,
        Failed: rolledBack,
      }[cause],
    ],
  };
}
