import type { ObservedJob } from '../model/observation.ts';
import { jobHindrance, jobOutcome, type JobOutcome } from './job-outcome.ts';

/**
 * A Job that an operation follows by its name, as it is seen in one look. That it is absent says little: it was not
 * created yet, is not in the cache yet, or was deleted, and then it may have acted.
 */
export type FollowedJob = { readonly name: string } & (
  | { readonly outcome: 'absent'; readonly observed?: undefined }
  | { readonly outcome: JobOutcome; readonly observed: ObservedJob }
);

export function followedJob(jobs: readonly ObservedJob[], name: string): FollowedJob {
  const observed = jobs.find(({ job }) => job.metadata.name === name);
  return observed === undefined
    ? { name, outcome: 'absent' }
    : { name, outcome: jobOutcome(observed), observed };
}

/** The Job that is waited for, and in brackets what keeps it from starting. */
export function jobInWords({ name, observed }: FollowedJob): string {
  const hindrance = jobHindrance(observed);
  return `Job ${name}${hindrance === undefined ? '' : ` (${hindrance})`}`;
}
