import { defined } from '../../../api/object-fields.ts';
import { jobInWords } from '../../jobs/followed-job.ts';
import { jobReport } from '../../jobs/job-outcome.ts';
import { failureOf, restoreJob } from '../jobs.ts';
import { advance, event, fail, wait, type PhaseHandler } from '../step.ts';

/** Verifying: a Job reads the snapshot to its end. It changes nothing, so it may run again. */
export const verifying: PhaseHandler = (input) => {
  const { status } = input;
  const job = restoreJob(input, { action: 'verify-snapshot' });
  const { name, object } = job;
  const patch = { jobs: { ...status.jobs, verify: name } };
  if (job.outcome === 'absent') return wait(`Job ${name}`, { patch, effects: [{ kind: 'create', object }] });
  if (job.outcome === 'running') return wait(jobInWords(job));
  const report = jobReport(job.observed);
  const data = report?.data ?? {};
  const { size, sha256, index, storedAt } = data;
  if (job.outcome === 'failed' || typeof sha256 !== 'string') {
    return fail(failureOf(input, job.observed, 'VerificationFailed'));
  }
  const { takenAt = typeof storedAt === 'string' ? storedAt : undefined } = status.snapshot ?? {};
  return advance('AwaitingConfirmation', {
    patch: {
      snapshot: {
        ...status.snapshot,
        sha256,
        ...(typeof size === 'number' ? { size } : {}),
        ...(typeof index === 'number' ? { index } : {}),
        ...defined({ takenAt }),
      },
    },
    events: [event('Normal', 'SnapshotVerified', 'Verify', report?.message ?? 'the snapshot is intact')],
  });
};
