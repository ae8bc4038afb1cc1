import { deadServerCleanupJob } from '../../../jobs/dead-server-cleanup.ts';
import { jobInWords, provedOutcome } from '../../../jobs/followed-job.ts';
import { jobFailure } from '../../../jobs/job-outcome.ts';
import { unfinishedJobs } from '../../../jobs/unfinished.ts';
import { failure } from '../failure.ts';
import { nextOrdinal } from '../next.ts';
import { hold, wait, type PhaseHandler, type PhaseInput, type Step } from '../phase.ts';
import { whyNotInPlace } from '../pods.ts';
import { jobLogs, remedy } from '../remedy.ts';

/**
 * Locking: the StatefulSet carries the target's template, held back from every pod by its partition, and
 * its controller has seen it. The StatefulSet itself follows from the status once that is stored. Autopilot removes no
 * dead servers from here to the end: a pod that is slow to come back would be taken for one.
 */
export const locking: PhaseHandler = (input) => {
  const { observation, upgrade, replicas } = input;
  const partition = upgrade.currentPartition ?? replicas;
  const missing = whyNotInPlace(observation.statefulSet, upgrade, partition);
  if (missing !== undefined) return wait(missing);
  return whyDeadServersGo(input) ?? nextOrdinal(input);
};

/** Nothing once autopilot was told, where it does remove them. */
function whyDeadServersGo(input: PhaseInput): Step | undefined {
  const { observation, status, upgrade, context } = input;
  const { jobs, cluster } = observation;
  if (status.deadServerCleanup === undefined) return undefined;
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const wanted = { operationId: upgrade.operationId ?? '', enabled: false };
  const job = deadServerCleanupJob(cluster, jobs.value, wanted, context.settings);
  // One of the operation before may be about to switch it on.
  const [other] = unfinishedJobs(jobs.value, 'dead-server-cleanup', job.name);
  if (other !== undefined) return wait(`Job ${other.job.metadata.name} to end`);
  const outcome = provedOutcome(job);
  if (outcome === 'succeeded') return undefined;
  if (job.observed !== undefined && outcome === 'failed') {
    return hold(
      failure(
        'UpgradeJobFailed',
        jobFailure(job.observed),
        remedy(input, `read ${jobLogs(input, job.name)}`),
      ),
    );
  }
  return wait(jobInWords(job), {
    effects: job.effects,
    overdue: 'UpgradeJobFailed',
  });
}
