import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { ObservedJob } from '../model/observation.ts';
import { jobHindrance, jobOutcome, unbelieved, type JobOutcome } from './job-outcome.ts';
import { isMadeAs } from './made-as.ts';

/**
 * A Job that an operation follows by its name, as it is seen in one look. That it is absent says little: it was not
 * created yet, is not in the cache yet, or was deleted, and then it may have acted.
 */
export type FollowedJob = { readonly name: string } & (
  | { readonly outcome: 'absent'; readonly observed?: undefined }
  | { readonly outcome: JobOutcome; readonly observed: ObservedJob }
);

/**
 * The Job of this name, as it counts for who made `wanted`. One that somebody else has made under its name ends
 * nothing, whatever it reports: it is in the way until it is deleted.
 */
export function followedJob(jobs: readonly ObservedJob[], wanted: KubernetesObject): FollowedJob {
  return named(jobs, wanted.metadata?.name ?? '', (observed) => isOwn(observed, wanted));
}

/** The same, where what it was to be is not known any more: only a Job that is proved to be ours has ended. */
export const recordedJob = (jobs: readonly ObservedJob[], name: string): FollowedJob =>
  named(jobs, name, ({ isUnproved }) => isUnproved !== true);

/**
 * Whether a Job is the one that we made: its UID says so. Where we ended between making it and recording that, it has
 * to be what we would make.
 */
export const isOwn = ({ job, isUnproved }: ObservedJob, wanted: KubernetesObject): boolean =>
  isUnproved !== true || isMadeAs(wanted, job);

function named(
  jobs: readonly ObservedJob[],
  name: string,
  isOurs: (observed: ObservedJob) => boolean,
): FollowedJob {
  const observed = jobs.find(({ job }) => job.metadata.name === name);
  if (observed === undefined) return { name, outcome: 'absent' };
  if (isOurs(observed)) return { name, outcome: jobOutcome(observed), observed };
  const { namespace = '' } = observed.job.metadata;
  const podReason = `somebody else made it, or changed it, so its report does not count: kubectl delete job ${name} -n ${namespace}`;
  return { name, outcome: 'running', observed: { ...unbelieved(observed.job, podReason), isUnproved: true } };
}

/**
 * How it ended for who asks for nothing but its success, and reads neither a report nor the world: one that nobody has
 * seen is a failure.
 */
export const provedOutcome = <Job extends FollowedJob>(job: Job): Job['outcome'] =>
  job.outcome === 'succeeded' && job.observed?.isUnwitnessed === true ? 'failed' : job.outcome;

/** The Job that is waited for, and in brackets what keeps it from starting. */
export function jobInWords({ name, observed }: FollowedJob): string {
  const hindrance = jobHindrance(observed);
  return `Job ${name}${hindrance === undefined ? '' : ` (${hindrance})`}`;
}
