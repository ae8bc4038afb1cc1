import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import type { ObservedJob } from '../model/observation.ts';
import { sameValue } from '../model/same-value.ts';

/** A Job as a status records it. */
export type MadeJob = NonNullable<OpenBaoClusterStatus['madeJobs']>[number];

/** Those of operations that have long ended are followed by nobody. */
const most = 50;

/** A status with the UIDs of the Jobs that are there and are ours; the very same one where it has them. */
export function withMadeJobs<Status extends { readonly madeJobs?: readonly MadeJob[] }>(
  status: Status,
  jobs: readonly ObservedJob[],
): Status {
  const made = jobs
    .filter(({ isUnproved }) => isUnproved !== true)
    .map(({ job: { metadata } }) => metadata)
    .toSorted((a, b) => compare(b.creationTimestamp, a.creationTimestamp) || compare(a.name, b.name))
    .slice(0, most)
    .map(({ name = '', uid = '' }) => ({ name, uid }));
  if (sameValue(made, status.madeJobs ?? [])) return status;
  return made.length === 0 ? (omit(status, 'madeJobs') as Status) : { ...status, madeJobs: made };
}

const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);
