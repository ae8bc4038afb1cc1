import { actionAnnotation, operationAnnotation } from '../../../api/labels.ts';
import { isOwn, jobInWords } from '../../jobs/followed-job.ts';
import { jobFailure, jobOutcome } from '../../jobs/job-outcome.ts';
import { repeatableJob, runAgain } from '../../jobs/repeatable-job.ts';
import { sealCheckJob } from '../../jobs/seal-check-job.ts';
import type { ObservedJob } from '../../model/observation.ts';
import { hasStaticSeal, sealCredentials, sealId } from '../../model/seal.ts';
import { parseTimestamp } from '../../model/time.ts';
import { failure } from './failure.ts';
import { hold, wait, type PhaseInput, type Step } from './phase.ts';
import { jobLogs, remedy } from './remedy.ts';

/** Milliseconds for which a proof counts, from the creation of its Job. */
const freshMs = 5 * 60_000;

/**
 * Why no pod may be stopped now: it is not proved that one could open its seal again. A key service that is away, or a
 * token that has ended, nothing shows that runs; the next start exits 1 (docs/facts/openbao-2.6-measured.md,
 * section 5). The static key needs no proof: its Secret is looked at in every pass.
 *
 * It counts what a Job has proved a moment ago; without that a new one is asked for, which a failed one ends.
 *
 * @returns undefined when it is proved
 */
export function whySealUnproved(input: PhaseInput): Step | undefined {
  const { observation, upgrade, context } = input;
  const { cluster, jobs } = observation;
  if (hasStaticSeal(cluster)) return undefined;
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const { operationId = '', targetImage = '' } = upgrade;
  // One for each span of time, so that a Job that is not seen yet is not made twice.
  const attempt = Math.floor(context.now / freshMs);
  const step = { action: 'seal-check', operationId, attempt } as const;
  const object = sealCheckJob(cluster, step, targetImage, context.settings);
  const newest = checksOf(jobs.value, operationId)
    .filter((observed) => isOwn(observed, object) && observed.isUnwitnessed !== true)
    .at(-1);
  const outcome = newest === undefined ? undefined : jobOutcome(newest);
  const again = runAgain(newest);
  if (again !== undefined)
    return wait(jobInWords(again), { effects: again.effects, overdue: 'SealUnproved' });
  if (newest !== undefined && outcome === 'failed') {
    // A Job whose container never ran has said nothing of the seal.
    const tried =
      newest.message === undefined
        ? `whether the seal (${sealId(cluster)}) opens could not be tried`
        : `the seal (${sealId(cluster)}) could not be opened by a server as the members are`;
    const what = `${tried}, so a pod that is stopped now ${newest.message === undefined ? 'might' : 'would'} not come back: ${jobFailure(newest)}`;
    const credentials = sealCredentials(cluster);
    const access =
      credentials === undefined
        ? "the rights of the members' identity"
        : `the credentials in the Secret ${credentials.secret}`;
    const hint = `bring back the key service, or ${access} (${jobLogs(input, newest.job.metadata.name ?? '')} has more of its words)`;
    return hold(failure('SealUnproved', what, remedy(input, hint)));
  }
  if (newest !== undefined && outcome === 'running') {
    const { name = '' } = newest.job.metadata;
    return wait(jobInWords({ name, outcome, observed: newest }), { overdue: 'SealUnproved' });
  }
  const age = newest === undefined ? Infinity : context.now - createdAt(newest);
  if (age < freshMs) return undefined;
  const next = repeatableJob(jobs.value, object);
  return wait(jobInWords(next), { effects: next.effects, overdue: 'SealUnproved' });
}

const createdAt = ({ job }: ObservedJob): number =>
  parseTimestamp(job.metadata.creationTimestamp) ?? -Infinity;

/** The checks of this very operation, the newest last. */
const checksOf = (jobs: readonly ObservedJob[], operationId: string): readonly ObservedJob[] =>
  jobs
    .filter(({ job: { metadata } }) => metadata.annotations?.[actionAnnotation] === 'seal-check')
    .filter(({ job: { metadata } }) => metadata.annotations?.[operationAnnotation] === operationId)
    .toSorted((a, b) => createdAt(a) - createdAt(b));
