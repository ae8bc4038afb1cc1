import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { ObservedJob } from '../model/observation.ts';
import { unfinishedJobs } from '../jobs/unfinished.ts';
import { parseTimestamp } from '../model/time.ts';

/**
 * Milliseconds between two step-downs of a cluster. A leader that steps down is blocked for 10 s; a second
 * step-down meanwhile lands back on it, which is an outage of 10 s every time
 * (docs/facts/openbao-measured.md, 0.5).
 */
export const stepDownSpacingMs = 15_000;

/** When the next step-down may be asked for, in milliseconds since the epoch. */
export function nextStepDownAt({ lastStepDownAt }: OpenBaoClusterStatus): number {
  const last = parseTimestamp(lastStepDownAt);
  return last === undefined ? 0 : last + stepDownSpacingMs;
}

/** The step-down Jobs of any operation, but the one of this name, that may still act. */
export const unfinishedStepDowns = (jobs: readonly ObservedJob[], except?: string): readonly ObservedJob[] =>
  unfinishedJobs(jobs, 'step-down', except);
