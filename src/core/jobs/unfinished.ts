import { actionAnnotation } from '../../api/labels.ts';
import type { ObservedJob } from '../model/observation.ts';
import { jobOutcome } from './job-outcome.ts';
import type { ExecutorAction } from './step.ts';

/** The Jobs of this action and any operation, but the one of this name, that may still act. */
export function unfinishedJobs(
  jobs: readonly ObservedJob[],
  action: ExecutorAction,
  except?: string,
): readonly ObservedJob[] {
  return jobs.filter(
    (observed) =>
      observed.job.metadata.annotations?.[actionAnnotation] === action &&
      observed.job.metadata.name !== except &&
      isUnfinished(observed),
  );
}

/** Whether it may still act, whatever it is for. */
export const isUnfinished = (observed: ObservedJob): boolean =>
  observed.unbelieved !== 'ended' && jobOutcome(observed) === 'running';

/** What changes Raft: one after the other, whatever operation or phase it belongs to. */
const raftChanges = [
  'promote-green',
  'hand-over-to-green',
  'repair-consensus',
  'remove-blue-peers',
  'remove-green-peers',
  'dead-server-cleanup',
  'step-down',
  'remove-peer',
] as const satisfies ExecutorAction[];

/** The Jobs of any operation that change Raft, but the one of this name, that may still act. */
export const unfinishedRaftChanges = (
  jobs: readonly ObservedJob[],
  except?: string,
): readonly ObservedJob[] => raftChanges.flatMap((action) => unfinishedJobs(jobs, action, except));
