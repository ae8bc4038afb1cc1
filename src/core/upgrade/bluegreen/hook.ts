import { defined } from '../../../api/object-fields.ts';
import { hookJob } from '../../jobs/hook-job.ts';
import { followedJob, jobInWords } from '../../jobs/followed-job.ts';
import { jobFailure } from '../../jobs/job-outcome.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { event } from '../event.ts';
import { fail, hold, wait, type PhaseInput, type Step } from './phase.ts';

/** Milliseconds in which a Job that was created must have been seen. */
const seenWithinMs = 15_000;

/**
 * `verification.prePromotionHook`: a Job of the user's that must succeed. It is never run again where its outcome is
 * lost: what it did once it may not do twice (docs/facts/openbao-operator.md, 7.1, 16).
 *
 * @returns undefined when there is none, or it has succeeded
 */
export function hook(input: PhaseInput): Step | undefined {
  const { observation, blueGreen, halves, context } = input;
  const { cluster, jobs } = observation;
  const wanted = cluster.spec.upgrade?.blueGreen?.verification?.prePromotionHook;
  if (wanted === undefined || blueGreen.hookSucceeded === true) return undefined;
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const { operationId = '', attempt } = blueGreen;
  const step = {
    action: 'pre-promotion-hook',
    operationId,
    ...defined({ attempt }),
  } as const;
  const object = hookJob(cluster, step, wanted, halves.green);
  const job = followedJob(jobs.value, object);
  const { name } = job;
  if (job.outcome === 'running') return wait(jobInWords(job), { isOpenEnded: true });
  if (job.observed?.isUnwitnessed === true) {
    return hold('HookOutcomeUnknown', `Job ${name}: ${job.observed.podReason}`);
  }
  if (job.outcome === 'succeeded') {
    return wait('promotion', {
      patch: { hookSucceeded: true },
      until: context.now,
      events: [event('Normal', 'HookSucceeded', 'Verify', `Job ${name} has succeeded`)],
    });
  }
  if (job.outcome === 'failed') {
    return fail('HookFailed', jobFailure(job.observed), { patch: { lastJobFailure: name } });
  }
  const startedAt = parseTimestamp(blueGreen.hookStartedAt);
  if (startedAt === undefined) {
    return wait(`Job ${name}`, {
      patch: { hookStartedAt: timestamp(context.now) },
      effects: [{ kind: 'create', object }],
      isOpenEnded: true,
    });
  }
  // Created again under the same name it stays the one that it is; one that was seen to be gone is not.
  if (context.now < startedAt + seenWithinMs) {
    return wait(`Job ${name} to be seen`, { until: startedAt + seenWithinMs });
  }
  return hold(
    'HookOutcomeUnknown',
    `Job ${name} was started at ${blueGreen.hookStartedAt} and is missing; it is unknown whether it succeeded`,
  );
}
