import type { MetadataServicesSpec } from '../../api/metadataservices.ts';
import type { LatestTimes } from '../model/bounded-times.ts';
import { endpointPropagationMs } from '../model/limits.ts';
import { windowOf, type ReleaseContext } from './decision.ts';

/** Of all times in the status of a MetadataServices that something waits for. */
export function latestTimes(spec: MetadataServicesSpec, context: ReleaseContext): LatestTimes {
  const { now } = context;
  const end = (name: Parameters<typeof windowOf>[0]) => now + windowOf(name, spec, context);
  return {
    pausedAt: now,
    'pending.readyDeadline': end('readinessTimeout'),
    'pending.graceUntil': end('gracePeriod'),
    'watching.until': end('cleanupDelay'),
    'cleaning.notBefore': now + endpointPropagationMs,
  };
}
