import type { KubernetesObject } from '../../api/kubernetes.ts';
import { defined, omit } from '../../api/object-fields.ts';
import type { Effect } from '../model/decision.ts';
import type { ObservedJob } from '../model/observation.ts';
import { followedJob, type FollowedJob } from './followed-job.ts';

/**
 * A Job that may run twice: when it is gone, it is created again. One whose pod was taken away has said nothing: it counts
 * as running, and is deleted so that it is run again.
 */
export type RepeatableJob = FollowedJob & { readonly effects: readonly Effect[] };

export function repeatableJob(jobs: readonly ObservedJob[], object: KubernetesObject): RepeatableJob {
  const followed = followedJob(jobs, object);
  const effects: readonly Effect[] = followed.outcome === 'absent' ? [{ kind: 'create', object }] : [];
  return runAgain(followed.observed) ?? { ...followed, effects };
}

/** What becomes of a Job whose pod was taken away; undefined for any other. */
export function runAgain(observed: ObservedJob | undefined): RepeatableJob | undefined {
  if (observed?.interrupted === undefined) return undefined;
  const { job, interrupted } = observed;
  const again = { job: omit(job, 'status'), podReason: `${interrupted}, so it is run again` };
  const { name = '' } = job.metadata;
  return { name, outcome: 'running', observed: again, effects: deletionOf(observed) };
}

/** Takes a Job away; nothing where that is under way. */
export function deletionOf({ job: { metadata } }: ObservedJob): readonly Effect[] {
  const { name = '', namespace, uid, deletionTimestamp } = metadata;
  if (uid === undefined || deletionTimestamp !== undefined) return [];
  const target = { apiVersion: 'batch/v1', kind: 'Job', name, ...defined({ namespace }) };
  return [{ kind: 'delete', target, uid }];
}
