import type { LatestTimes } from '../model/bounded-times.ts';

/** Of all times in the status of a restore that something waits for. */
export const latestTimes = (now: number): LatestTimes => ({ phaseStartedAt: now, jobMissingSince: now });
