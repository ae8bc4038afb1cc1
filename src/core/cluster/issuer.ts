import { inWords } from '../model/explanation.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { executorJob } from '../jobs/executor-job.ts';
import { followedJob } from '../jobs/followed-job.ts';
import { jobFailure, jobHindrance } from '../jobs/job-outcome.ts';
import type { ExecutorStep } from '../jobs/step.ts';
import { timestamp, parseTimestamp } from '../model/time.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { selfInitializes } from '../workload/inputs.ts';
import type { DecisionContext } from '../model/decision.ts';
import type { Observation, ObservedJob, TokenIssuer } from '../model/observation.ts';
import { held, unchanged, waiting, type Concern, type ConcernResult } from '../model/cluster-concern.ts';
import { isStopped } from '../model/selectors.ts';

type Status = OpenBaoClusterStatus;

/** Milliseconds from a Job that failed to the next one. */
export const retryMs = 10 * 60_000;

/**
 * Keeps auth/jwt-operator trusting the keys with which the API server signs tokens. Kubernetes changes them by
 * serving the new key beside the old one before it signs with it; only until then can Rollguard still log in to say
 * so. Written by self-init at first; what is there otherwise is not known until a Job has looked.
 *
 * Goes on beside an upgrade: one that holds for days must not be locked out by that.
 */
export const decideIssuer: Concern = (observation, status, context) => {
  const { issuer, jobs } = observation;
  // Without the issuer no child is rendered either, which tells it.
  if (status.initialized !== true || issuer.kind === 'unknown' || jobs.kind === 'unknown')
    return unchanged(status);
  const input: Input = { observation, status, context, issuer: issuer.value, sum: fingerprint(issuer.value) };
  const { trusted, operationId } = status.issuer ?? {};
  if (operationId !== undefined) return follow(input, operationId, jobs.value);
  if (trusted === input.sum) return unchanged(status);
  if (trusted === undefined && wasJustInitialized(observation)) {
    return unchanged({ ...status, issuer: { trusted: input.sum } });
  }
  return begin(input);
};

interface Input {
  readonly observation: Observation;
  readonly status: Status;
  readonly context: DecisionContext;
  readonly issuer: TokenIssuer;
  /** Of the issuer, as the status has it. */
  readonly sum: string;
}

/** By the stanza that is rendered with the issuer's keys, and not before this controller was there. */
function wasJustInitialized({ cluster, claims }: Observation): boolean {
  return claims.kind === 'known' && selfInitializes(cluster, claims.value);
}

function begin({ observation, status, context, issuer, sum }: Input): ConcernResult {
  const { cluster } = observation;
  if (isStopped(cluster, status)) {
    return unchanged(
      status,
      waiting('Paused', `the keys of ${issuer.url} are not written to auth/jwt-operator while paused`),
    );
  }
  const operationId = context.newOperationId;
  const { trusted } = status.issuer ?? {};
  const next = { ...defined({ trusted }), wanted: sum, operationId };
  return {
    status: { ...status, issuer: next },
    effects: [
      { kind: 'create', object: executorJob(cluster, stepOf(operationId, issuer), context.settings) },
    ],
    events: [
      {
        type: 'Normal',
        reason: 'IssuerChanged',
        action: 'TrustIssuer',
        note: `${why(status)}; they are being written to it.`,
      },
    ],
    requeueAt: context.now + context.settings.pollMs,
  };
}

function follow(input: Input, operationId: string, jobs: readonly ObservedJob[]): ConcernResult {
  const { observation, status, context, issuer, sum } = input;
  const object = executorJob(observation.cluster, stepOf(operationId, issuer), context.settings);
  const job = followedJob(jobs, object);
  const { trusted, wanted } = status.issuer ?? {};
  if (job.observed?.isUnwitnessed === true) return begin(input);
  if (job.outcome === 'succeeded') {
    return {
      ...unchanged({ ...status, issuer: { trusted: wanted ?? '' } }),
      events: [
        {
          type: 'Normal',
          reason: 'IssuerTrusted',
          action: 'TrustIssuer',
          note: `auth/jwt-operator trusts the requested keys.`,
        },
      ],
      requeueAt: context.now,
    };
  }
  // Somebody else's, which has ended: its name alone is in the way.
  if (job.observed?.isUnproved === true && job.observed.unbelieved === 'ended') return begin(input);
  if (job.outcome === 'running') {
    const hindrance = jobHindrance(job.observed);
    const what = `auth/jwt-operator is being given the keys of ${issuer.url}`;
    return unchanged(
      status,
      waiting('TrustingIssuer', hindrance === undefined ? what : `${what}: ${hindrance}`),
    );
  }
  // Taken back: nothing is left to do.
  if (trusted === sum) return unchanged({ ...status, issuer: { trusted } });
  if (job.outcome === 'failed') return failed(input, job.observed);
  if (wanted !== sum || isStopped(observation.cluster, status)) return begin(input);
  // Not made yet, or not seen yet: its name is the same.
  return {
    ...unchanged(status, waiting('TrustingIssuer', `waiting for the Job ${job.name}`)),
    effects: [{ kind: 'create', object }],
  };
}

/** Tells it, and tries again after a while: nobody needs to ask. */
function failed(input: Input, job: ObservedJob): ConcernResult {
  const { observation, status, context, issuer } = input;
  const retryAt = parseTimestamp(status.issuer?.retryAt);
  if (retryAt !== undefined && context.now >= retryAt && !isStopped(observation.cluster, status)) {
    return begin(input);
  }
  const notice = held(
    issuerNotTrusted,
    `${why(status)}, and they could not be written to it: ${jobFailure(job).slice(0, 1_000)}. This is retried every 10 minutes`,
    {
      remedy:
        'Once tokens are signed with a key that it does not have, only you can write the keys, with a login of your own; they are those of kubectl get --raw /openid/v1/jwks',
      commands: [
        {
          line: `bao write auth/jwt-operator/config bound_issuer=${issuer.url} jwt_validation_pubkeys=@KEYS.pem`,
        },
      ],
    },
  );
  if (retryAt !== undefined) {
    return {
      ...unchanged(status, notice),
      requeueAt: Math.max(retryAt, context.now),
    };
  }
  return {
    ...unchanged(
      { ...status, issuer: { ...status.issuer, retryAt: timestamp(context.now + retryMs) } },
      notice,
    ),
    events: [
      {
        type: 'Warning',
        reason: issuerNotTrusted,
        action: 'TrustIssuer',
        note: inWords(notice, 1_000),
      },
    ],
    requeueAt: context.now + retryMs,
  };
}

/** What began it. */
const why = ({ issuer }: Status) =>
  issuer?.trusted === undefined
    ? "It is unknown whether auth/jwt-operator has the API server's keys for ServiceAccount tokens"
    : 'The keys of the API server for ServiceAccount tokens differ from those that auth/jwt-operator has';

const stepOf = (operationId: string, issuer: TokenIssuer): ExecutorStep => ({
  action: 'trust-issuer',
  operationId,
  issuer,
});

const issuerNotTrusted = 'IssuerNotTrusted';
