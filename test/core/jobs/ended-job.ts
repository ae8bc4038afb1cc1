import type { Job, KubernetesObject, Pod } from '../../../src/api/kubernetes.ts';
import { observeJob } from '../../../src/core/jobs/job-outcome.ts';
import { known } from '../../../src/core/model/known.ts';
import type { ObservedJob } from '../../../src/core/model/observation.ts';
import { member, membersOf, serverPod, start, statefulSet } from '../../support/observation.ts';
import { decideMidway, upgrade } from '../upgrade/rolling/rolling-observation.ts';

interface End {
  readonly type: 'Complete' | 'Failed';
  readonly reason?: string;
  /** How long ago. */
  readonly seconds?: number;
}

/** This Job as it is when it ended a while ago, with these pods. */
export function endedJob(made: Job | KubernetesObject, pods: readonly Pod[], end: End): ObservedJob {
  const { seconds = 60, ...condition } = end;
  const lastTransitionTime = new Date(start - seconds * 1_000).toISOString();
  const conditions = [{ ...condition, status: 'True', lastTransitionTime }];
  const job = { ...made, metadata: { ...made.metadata, uid: 'job-1' }, status: { conditions } };
  return observeJob(job, pods, start);
}

/** What is decided before an upgrade for which all is well, with these Jobs. */
export function decideChecks(jobs: readonly ObservedJob[]): ReturnType<typeof decideMidway> {
  const ordinals = [0, 1, 2];
  return decideMidway({
    upgrade: upgrade({
      phase: 'PreChecks',
      currentPartition: undefined,
      completedPods: undefined,
      referenceIndex: 100,
    }),
    observation: {
      statefulSet: known(statefulSet()),
      pods: known(ordinals.map((ordinal) => serverPod(ordinal))),
      members: membersOf(...ordinals.map((ordinal) => member(ordinal))),
      jobs: known(jobs),
    },
  });
}
