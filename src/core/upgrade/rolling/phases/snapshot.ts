import type { OpenBaoClusterStatus } from '../../../../api/openbaocluster.ts';
import { jobInWords } from '../../../jobs/followed-job.ts';
import { jobFailure, jobReport } from '../../../jobs/job-outcome.ts';
import { event } from '../../event.ts';
import { failure } from '../failure.ts';
import { executorCheck } from '../jobs.ts';
import { advance, hold, wait, type PhaseHandler } from '../phase.ts';
import { remedy } from '../remedy.ts';

type Snapshot = NonNullable<NonNullable<OpenBaoClusterStatus['backup']>['latestSnapshot']>;

/** Snapshot: a verified snapshot lies in the store before anything changes. */
export const snapshot: PhaseHandler = (input) => {
  const { observation, status } = input;
  const { jobs } = observation;
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const check = executorCheck(input, jobs.value, 'snapshot');
  const { name } = check;
  const hint = 'correct spec.backup, or set spec.upgrade.preUpgradeSnapshot to false';
  if (check.outcome === 'absent' || check.outcome === 'running')
    return wait(jobInWords(check), { effects: check.effects });
  if (check.outcome === 'failed') {
    return hold(failure('PreUpgradeSnapshotFailed', jobFailure(check.observed), remedy(input, hint)));
  }
  const taken = snapshotOf(jobReport(check.observed)?.data);
  if (taken?.name === undefined) {
    const what = `Job ${name} succeeded, but does not report what it stored`;
    return hold(failure('PreUpgradeSnapshotFailed', what, remedy(input, hint)));
  }
  return advance('Locking', {
    patch: { snapshot: taken.name },
    statusPatch: { backup: { ...status.backup, latestSnapshot: taken } },
    events: [event('Normal', 'SnapshotTaken', 'Snapshot', `snapshot ${taken.name} is stored and verified`)],
  });
};

/** The fields of a snapshot in the executor's report; others, and those of another type, are left out. */
function snapshotOf(data: Readonly<Record<string, unknown>> = {}): Snapshot | undefined {
  const texts = ['name', 'sha256', 'takenAt', 'version', 'unsealKeyId'] as const;
  const counts = ['size', 'index'] as const;
  return Object.fromEntries([
    ...texts.flatMap((key) => (typeof data[key] === 'string' ? [[key, data[key]]] : [])),
    ...counts.flatMap((key) => (Number.isSafeInteger(data[key]) ? [[key, data[key]]] : [])),
  ]) as Snapshot;
}
