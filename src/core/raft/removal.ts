import type { ObservedJob } from '../model/observation.ts';
import { unfinishedJobs } from '../jobs/unfinished.ts';
import type { Known } from '../model/known.ts';

/**
 * Why members are not to be changed beside a removal of another operation, which may act until its Job has
 * ended; undefined when there is none. Jobs that could not be read may be such.
 *
 * @param own the name of the Job that is not another's
 */
export function whyRemovalUnderWay(jobs: Known<readonly ObservedJob[]>, own?: string): string | undefined {
  if (jobs.kind === 'unknown') return `the Jobs could not be read: ${jobs.cause}`;
  const [first] = unfinishedJobs(jobs.value, 'remove-peer', own);
  return first === undefined
    ? undefined
    : `Job ${first.job.metadata.name}, which removes a peer, has not ended`;
}
