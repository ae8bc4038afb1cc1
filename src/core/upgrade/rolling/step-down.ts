import type { Effect } from '../../model/decision.ts';
import { executorJob } from '../../jobs/executor-job.ts';
import { unfinishedStepDowns } from '../../raft/step-down.ts';
import { timestamp } from '../../model/time.ts';
import { liveNames } from '../../model/members.ts';
import { event } from '../event.ts';
import { failure } from './failure.ts';
import { advance, hold, wait, type PhaseInput, type Step } from './phase.ts';
import { remedy } from './remedy.ts';

/** After that many per member, leadership will not stay away. */
const mostPerMember = 5;

/** Asks the leader to step down: recorded first, with the number that its Job's name carries. */
export function startStepDown(input: PhaseInput, ordinal: number): Step {
  const { upgrade, observation, context } = input;
  const { jobs } = observation;
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const [unfinished] = unfinishedStepDowns(jobs.value);
  if (unfinished !== undefined) {
    return wait(`an earlier step-down has not ended: Job ${unfinished.job.metadata.name}`);
  }
  const pod = liveNames(observation.cluster).pod(ordinal);
  const attempt = (upgrade.stepDowns ?? 0) + 1;
  if (attempt > mostPerMember * input.replicas) {
    const what = `${pod} leads again after ${attempt - 1} step-downs`;
    return hold(
      failure('StepDownFailed', what, remedy(input, 'find out why no other member stays the leader')),
    );
  }
  const askedAt = timestamp(context.now);
  return advance('SteppingDown', {
    patch: {
      stepDowns: attempt,
      stepDown: { pod, attempt, askedAt },
    },
    statusPatch: { lastStepDownAt: askedAt },
    effects: [stepDownEffect(input, pod, attempt)],
    events: [event('Normal', 'StepDownStarted', 'StepDown', `${pod} leads and is asked to step down`)],
  });
}

/** The Job. Created again under the same name it stays the one that it is. */
export function stepDownEffect(
  { observation, upgrade, context }: PhaseInput,
  pod: string,
  attempt: number,
): Extract<Effect, { kind: 'create' }> {
  const wanted = { action: 'step-down', operationId: upgrade.operationId ?? '', pod, attempt } as const;
  return { kind: 'create', object: executorJob(observation.cluster, wanted, context.settings) };
}
