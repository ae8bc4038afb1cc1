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
  const { name, observed } = followed;
  if (observed?.interrupted !== undefined && followed.outcome === 'failed') {
    const podReason = `${observed.interrupted}, so it is run again`;
    const again = { job: omit(observed.job, 'status'), podReason };
    return { name, outcome: 'running', observed: again, effects: deletionOf(observed) };
  }
  return { ...followed, effects: followed.outcome === 'absent' ? [{ kind: 'create', object }] : [] };
}

/** Takes a Job away that has ended, so that another one may be made. */
export function deletionOf({ job: { metadata } }: ObservedJob): readonly Effect[] {
  const { name = '', namespace, uid, deletionTimestamp } = metadata;
  if (uid === undefined || deletionTimestamp !== undefined) return [];
  const target = { apiVersion: 'batch/v1', kind: 'Job', name, ...defined({ namespace }) };
  return [{ kind: 'delete', target, uid }];
}
