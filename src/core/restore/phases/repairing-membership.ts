import { jobInWords } from '../../jobs/followed-job.ts';
import { jobReport } from '../../jobs/job-outcome.ts';
import { failure } from '../failure.ts';
import { failureOf, restoreJob } from '../jobs.ts';
import { repairOf } from '../members.ts';
import { advance, event, fail, wait, type PhaseHandler, type RestoreInput } from '../step.ts';

/** Tries after which a person has to act. */
const mostAttempts = 3;

/** Nothing that another try mends: the restored data has other roles. */
const hopeless: ReadonlySet<string | undefined> = new Set(['LoginRefused', 'PermissionMissing']);

/**
 * RepairingMembership: members that the list in the snapshot takes the vote of get it back, before the restart,
 * which needs all of them. Promoting twice is harmless, so the Job may run again.
 */
export const repairingMembership: PhaseHandler = (input) => {
  const { status, cluster } = input;
  const attempt = status.repairAttempt ?? 1;
  const job = restoreJob(input, repairOf(cluster, attempt));
  const { name, object } = job;
  const patch = { repairAttempt: attempt, jobs: { ...status.jobs, repair: name } };
  if (job.outcome === 'absent') return wait(`Job ${name}`, { patch, effects: [{ kind: 'create', object }] });
  if (job.outcome === 'running') return wait(jobInWords(job));
  const report = jobReport(job.observed);
  if (job.outcome === 'failed') {
    if (attempt < mostAttempts && !hopeless.has(report?.reason)) {
      return wait(`another attempt: ${failureOf(input, job.observed, 'MembershipNotRepaired').message}`, {
        patch: { repairAttempt: attempt + 1 },
      });
    }
    return fail(unrepaired(input, failureOf(input, job.observed, 'MembershipNotRepaired').message));
  }
  const promoted = namesIn(report?.data?.['promoted']);
  const all = [...new Set([...(status.promoted ?? []), ...promoted])];
  return advance('Restarting', {
    patch: all.length === 0 ? {} : { promoted: all },
    events:
      promoted.length === 0
        ? []
        : [event('Normal', 'MembershipRepaired', 'Promote', report?.message ?? promoted.join(', '))],
  });
};

const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

function unrepaired({ restore, cluster, status }: RestoreInput, what: string) {
  const { name, namespace } = cluster.metadata;
  const roles = `If the roles of the restored data are another cluster's, bind them to this one with a login of your own: bao write auth/jwt-operator/role/rollguard-upgrade bound_subject=system:serviceaccount:${namespace}:${name}-upgrade-serviceaccount (and so rollguard-observer, -backup, -restore).`;
  const rest = `Then make each member a voter again (bao operator raft promote POD), and restart all of them with a new spec.maintenance.restartAt of ${name}.`;
  const state =
    status.outcomeUnknown === true
      ? `it is unknown whether ${restore.spec.snapshot} was restored`
      : `${restore.spec.snapshot} is restored`;
  return failure(
    'MembershipNotRepaired',
    `${state}, but not all members are voters again: ${what.replace(/\.$/, '')}. ${roles} ${rest}`,
  );
}
