import type { MetadataServicesStatus } from '../../../api/metadataservices.ts';
import { defined, omit } from '../../../api/object-fields.ts';
import { endpointPropagationMs } from '../../model/limits.ts';
import { parseTimestamp } from '../../model/time.ts';
import { windowOf, type ReleaseContext, type ReleasePart } from '../decision.ts';
import { switchTrafficBack, type Ending } from '../ending.ts';
import { releaseFailures } from '../failure.ts';
import { recordOf } from '../history.ts';
import { activeRelease, snapshotFor } from '../in-force.ts';
import type { ReleaseObservation } from '../observation.ts';
import { silentComponents, whyNotReady } from '../readiness.ts';
import { wait } from './step.ts';

/**
 * Watching: the new release serves, the old one is still there. One that breaks now gives the traffic back at once
 * (docs/facts/metadataservices.md, T15); after this, somebody has to ask for it.
 *
 * @param isWanted whether spec still asks for it: otherwise the next release need not wait
 */
export function watching(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  context: ReleaseContext,
  isWanted: boolean,
): ReleasePart {
  const { watching: old, ...rest } = status;
  const active = recordOf(status, status.activeReleaseVersion);
  if (old === undefined || active === undefined) return { status: rest, effects: [], events: [] };
  const before = recordOf(status, old.version);
  const broken = whyBroken(observation, status, context);
  const until = parseTimestamp(old.until) ?? context.now;
  if (broken !== undefined && before !== undefined && mayGiveBack(observation, status, context)) {
    return switchTrafficBack(status, active, before, broken, context.now);
  }
  // Either may recover; a fix does not wait for that.
  if (broken !== undefined && isWanted)
    return wait(
      status,
      `${broken.reason}: ${broken.message}; the previous release is not ready either`,
      undefined,
    );
  if (context.now < until && isWanted)
    return wait(
      status,
      `the previous release, ${old.version} (${old.strategy}), is kept until ${old.until}`,
      until,
    );
  const delayMs = windowOf('cleanupDelay', observation.resource.spec, context);
  const isCutShort = context.now < until || delayMs < endpointPropagationMs;
  const next = omit(rest, 'waitingFor');
  return {
    status: {
      ...next,
      step: 'CleaningUp',
      cleaning: {
        version: old.version,
        strategy: old.strategy,
        cause: 'Superseded',
        // The switch may have been a moment ago.
        ...(isCutShort ? { served: true } : {}),
      },
    },
    effects: [],
    events: [],
  };
}

/** An error of its pods, or a component none of whose pods answers; a single pod that is not ready is not enough. */
function whyBroken(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  { settings }: ReleaseContext,
): Ending | undefined {
  const active = activeRelease(observation, status, settings.imageRepository);
  if (active === undefined) return undefined;
  const { version, snapshot } = active;
  const [silent] = silentComponents(observation, version, snapshot.inputs);
  const failure = releaseFailures(observation, version).find(
    ({ isTerminal }) => isTerminal || silent !== undefined,
  );
  if (failure !== undefined) return { cause: 'Failed', ...failure };
  return silent === undefined
    ? undefined
    : { cause: 'Failed', reason: 'NotReady', message: `no pod of ${silent} is ready` };
}

/** Whether the release before is still there and whole. */
export function mayGiveBack(
  observation: ReleaseObservation,
  { watching: old, releaseHistory }: MetadataServicesStatus,
  { settings }: ReleaseContext,
): boolean {
  const before = old && recordOf(defined({ releaseHistory }), old.version);
  const snapshot = before && snapshotFor(observation, before, settings.imageRepository);
  return (
    before !== undefined &&
    snapshot !== undefined &&
    whyNotReady(observation, before.version, snapshot.inputs) === undefined
  );
}
