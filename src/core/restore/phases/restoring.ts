import { defined } from '../../../api/object-fields.ts';
import type { ObjectEffect } from '../../model/effect.ts';
import { jobInWords } from '../../jobs/followed-job.ts';
import { jobReport } from '../../jobs/job-outcome.ts';
import { unsealKeyDeletion } from '../../model/data-door.ts';
import { names } from '../../model/names.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { hasStaticSeal, sealId } from '../../model/seal.ts';
import { isLockedFor } from '../cluster-status.ts';
import { failure } from '../failure.ts';
import { failureOf, restoreJob, suspended, type RestoreJob } from '../jobs.ts';
import {
  advance,
  event,
  fail,
  wait,
  type PhaseHandler,
  type RestoreInput,
  type RestoreStep,
} from '../step.ts';

/** Reports after which the snapshot was sent, and nobody knows what came of it. */
const unclear: ReadonlySet<string> = new Set(['RestoreUnconfirmed', 'Unexpected']);

/** Milliseconds after which a Job that is not there is taken to be gone, its container too. */
const goneAfter = 60_000;

/**
 * Restoring: one Job sends the snapshot, once. A second time would lose what was written since. So the Job is
 * created suspended, its UID is recorded, and only that very Job is let run: one that is not there was either
 * never let run, or its outcome is not known.
 */
export const restoring: PhaseHandler = (input) => {
  const { status, cluster, restore } = input;
  const job = restoreJob(input, { action: 'restore-snapshot' });
  const { name, object } = job;
  const uid = job.observed?.job.metadata.uid;
  if (status.restoreJobUID === undefined) {
    if (!isLockedFor(cluster, status.operationId)) return advance('Locking');
    const patch = { jobs: { ...status.jobs, restore: name } };
    if (uid === undefined) {
      return wait(`Job ${name}`, { patch, effects: [{ kind: 'create', object: suspended(object) }] });
    }
    return wait(`Job ${name}`, { patch: { ...patch, restoreJobUID: uid }, effects: letRun(input, job) });
  }
  if (job.outcome === 'absent' || uid !== status.restoreJobUID) return missing(input, name);
  const seen = { jobMissingSince: undefined };
  if (job.observed.job.spec?.suspend === true && job.outcome === 'running') {
    return wait(`Job ${name}`, { patch: seen, effects: letRun(input, job) });
  }
  const report = jobReport(job.observed);
  if (job.outcome === 'running') return wait(jobInWords(job), { patch: seen });
  if (job.outcome === 'succeeded' && report?.outcome === 'done') {
    const note = `${restore.spec.snapshot} is restored; data that was written after the snapshot is lost`;
    return advance('RepairingMembership', {
      patch: { ...seen, restoredAt: timestamp(input.context.now) },
      events: [event('Normal', 'Restored', 'Restore', note)],
    });
  }
  if (report?.reason === 'SealedAfterRestore') return fail(sealed(input, report.message));
  if (report === undefined || unclear.has(report.reason)) {
    return unknown(failureOf(input, job.observed, 'RestoreOutcomeUnknown').message, seen);
  }
  // Its own words; nothing was changed.
  return fail(failureOf(input, job.observed, 'RestoreRefused'), { patch: seen });
};

/** It may act from now on. Its UID is in the status. */
function letRun({ restore }: RestoreInput, { name, observed }: RestoreJob): readonly ObjectEffect[] {
  const uid = observed?.job.metadata.uid;
  const { namespace } = restore.metadata;
  if (uid === undefined) return [];
  return [
    {
      kind: 'patch',
      target: {
        apiVersion: 'batch/v1',
        kind: 'Job',
        name,
        ...defined({ namespace }),
      },
      uid,
      patch: { spec: { suspend: false } },
    },
  ];
}

/** Somebody deleted it; until its container is sure to have ended, it may act. */
function missing({ status, context }: RestoreInput, name: string): RestoreStep {
  const since = status.jobMissingSince ?? timestamp(context.now);
  if (context.now - (parseTimestamp(since) ?? context.now) < goneAfter) {
    return wait(`Job ${name} to be seen again`, { patch: { jobMissingSince: since } });
  }
  return unknown(`Job ${name} was deleted before its end was observed`, { jobMissingSince: undefined });
}

/** It goes on as if it had been restored, which harms no data: votes are repaired, members restarted. */
function unknown(what: string, patch: { readonly jobMissingSince: undefined }): RestoreStep {
  return advance('RepairingMembership', {
    patch: {
      ...patch,
      outcomeUnknown: true,
      lastErrorReason: 'RestoreOutcomeUnknown',
      lastErrorMessage: what,
    },
    events: [event('Warning', 'RestoreOutcomeUnknown', 'Restore', what)],
  });
}

function sealed({ cluster }: RestoreInput, what: string) {
  const { name = '', namespace = '' } = cluster.metadata;
  const secret = names(name).unsealKey;
  if (!hasStaticSeal(cluster)) {
    const elsewhere = `The snapshot was made under another seal or another key than "${sealId(cluster)}", which no member can open now. Delete the cluster and its volumes, create it again with the seal that the snapshot was made under, and restore into that`;
    return failure('SealedAfterRestore', `${what}. ${elsewhere}`);
  }
  const remedy = `The snapshot was made with another unseal key. Put that key, as the entry "key", into the Secret ${secret} instead of this one, which you keep: kubectl get secret ${secret} -n ${namespace} -o yaml > ${secret}.yaml && ${unsealKeyDeletion(namespace, secret)} && kubectl create secret generic ${secret} -n ${namespace} --from-file=key=FILE. Then delete the pods: kubectl delete pods -n ${namespace} -l openbao.org/cluster=${name},openbao.org/component=server`;
  return failure('SealedAfterRestore', `${what}. ${remedy}`);
}
