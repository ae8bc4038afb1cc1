import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { held, unchanged, waiting, type Concern, type ConcernResult } from '../model/cluster-concern.ts';
import { isStopped } from '../model/selectors.ts';
import { deadServerCleanupJob } from '../jobs/dead-server-cleanup.ts';
import { jobInWords, provedOutcome } from '../jobs/followed-job.ts';
import { jobFailure } from '../jobs/job-outcome.ts';
import { unfinishedRaftChanges } from '../jobs/unfinished.ts';

/**
 * Autopilot removes dead servers again when the upgrade or restart has ended, or was dropped, for which that was
 * switched off. Until it is seen to, the status remembers that it is to be.
 */
export const decideDeadServerCleanup: Concern = (observation, status, context): ConcernResult => {
  const { cluster, jobs } = observation;
  const { operationId } = status.deadServerCleanup ?? {};
  if (operationId === undefined || isUnderWay(status) || isStopped(cluster, status)) return unchanged(status);
  if (jobs.kind === 'unknown') return unchanged(status);
  const job = deadServerCleanupJob(cluster, jobs.value, { operationId, enabled: true }, context.settings);
  // What an upgrade that was dropped has left: the Job that switches it off would have the last word.
  const [other] = unfinishedRaftChanges(jobs.value, job.name);
  if (other !== undefined) {
    return unchanged(status, waiting('DeadServerCleanup', `Job ${other.job.metadata.name} to end`));
  }
  const wait = waiting('DeadServerCleanup', `${jobInWords(job)} to let autopilot remove dead servers again`);
  const outcome = provedOutcome(job);
  if (outcome === 'succeeded') {
    return { ...unchanged(omit(status, 'deadServerCleanup')), requeueAt: context.now };
  }
  if (job.observed !== undefined && outcome === 'failed') {
    const what =
      'the removal of dead servers by autopilot was switched off for an upgrade and could not be switched on again';
    const line = `kubectl -n ${cluster.metadata.namespace ?? ''} delete job ${job.name}`;
    const remedy = { remedy: 'To try again', commands: [{ line }] };
    return unchanged(status, held('DeadServerCleanupOff', `${what}. ${jobFailure(job.observed)}`, remedy));
  }
  return { ...unchanged(status, wait), effects: job.effects };
};

/** A restore changes the configuration of autopilot to the snapshot's, and a restart follows it. */
const isUnderWay = (status: OpenBaoClusterStatus): boolean =>
  status.upgrade !== undefined ||
  activeBlueGreen(status) !== undefined ||
  status.restore !== undefined ||
  status.operationLock?.operation === 'Restore';
