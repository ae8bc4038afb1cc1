import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { OpenBaoRestore, OpenBaoRestoreStatus } from '../../api/openbaorestore.ts';
import { defined } from '../../api/object-fields.ts';
import type { DecidedEvent } from '../model/effect.ts';
import { withBoundedTimes } from '../model/bounded-times.ts';
import { latestTimes } from './latest-times.ts';
import { sameValue } from '../model/same-value.ts';
import { withMadeJobs } from '../jobs/record.ts';
import { parseTimestamp, timestamp } from '../model/time.ts';
import { patched } from '../model/patch.ts';
import { isLockedFor, released } from './cluster-status.ts';
import { withConditions } from './conditions.ts';
import type { RestoreContext, RestoreDecision, RestoreEffect } from './decision.ts';
import { failure, type RestoreFailure } from './failure.ts';
import type { RestoreObservation } from './observation.ts';
import { awaitingConfirmation } from './phases/awaiting-confirmation.ts';
import { finalizerEffect, hasFinalizer, locking } from './phases/locking.ts';
import { pending } from './phases/pending.ts';
import { repairingMembership } from './phases/repairing-membership.ts';
import { restarting } from './phases/restarting.ts';
import { restoring } from './phases/restoring.ts';
import { validating } from './phases/validating.ts';
import { verifying } from './phases/verifying.ts';
import { event, fail, wait, type ActivePhase, type PhaseHandler, type RestoreStep } from './step.ts';

/** The phases in their order. Up to AwaitingConfirmation nothing is changed, and nothing is locked. */
const phases: Readonly<Record<ActivePhase, PhaseHandler>> = {
  // there is a cluster with data
  Pending: pending,
  // a store is named, and the server is not older than the data
  Validating: validating,
  // the snapshot is whole, and the one that was meant
  Verifying: verifying,
  // a person knows what is lost
  AwaitingConfirmation: awaitingConfirmation,
  // nothing else changes the cluster
  Locking: locking,
  // the data is the snapshot's
  Restoring: restoring,
  // whoever should vote votes
  RepairingMembership: repairingMembership,
  // nobody answers from memory of before
  Restarting: restarting,
};

/** A decision in the making. */
interface Run {
  readonly observation: RestoreObservation;
  readonly context: RestoreContext;
  readonly status: Started;
  readonly effects: readonly RestoreEffect[];
  readonly events: readonly DecidedEvent[];
}

type Started = OpenBaoRestoreStatus & { readonly operationId: string };

/**
 * What to do next about a restore. Pure: the same arguments give the same decision; nothing is carried out before the
 * status that says so is stored (docs/design.md, rule 1).
 */
export function decideRestore(observation: RestoreObservation, context: RestoreContext): RestoreDecision {
  const { restore } = observation;
  const run: Run = { observation, context, status: started(restore, context), effects: [], events: [] };
  const { metadata } = restore;
  const { phase = 'Pending', restoreJobUID } = run.status;
  if (phase === 'Complete' || phase === 'Failed') return atEnd(run);
  // What has begun is carried to its end, with the finalizer in place.
  if (metadata.deletionTimestamp !== undefined && restoreJobUID === undefined) return atEnd(run);
  let at = run;
  // Each phase can be entered at most once before something has to be awaited.
  for (let turns = 0; turns < 2 * phaseCount; turns++) {
    const step = next(at);
    at = applyStep(at, step);
    if (step.kind === 'fail') return failed(at, step.failure);
    if (step.kind === 'complete') return completed(at);
    if (step.kind === 'wait') return waiting(at, step);
  }
  return decision(at, at.context.now);
}

const phaseCount = Object.keys(phases).length;

function started(
  { metadata, status = {} }: OpenBaoRestore,
  { now, newOperationId }: RestoreContext,
): Started {
  const bounded = withBoundedTimes(status, latestTimes(now));
  const seen =
    metadata.generation === undefined ? bounded : { ...bounded, observedGeneration: metadata.generation };
  const { operationId } = seen;
  if (operationId !== undefined) return { ...seen, operationId };
  const time = timestamp(now);
  return { ...seen, operationId: newOperationId, phase: 'Pending', startedAt: time, phaseStartedAt: time };
}

function next({ observation, status, context }: Run): RestoreStep {
  const { restore, cluster, jobs } = observation;
  const { phase = 'Pending', clusterUID } = status;
  const { namespace } = restore.metadata;
  const isSeen = clusterUID !== undefined || phase !== 'Pending';
  if (cluster === undefined || cluster.metadata.deletionTimestamp !== undefined) {
    const gone = `there is no OpenBaoCluster ${restore.spec.cluster} in the namespace ${namespace}`;
    if (!isSeen) return wait(gone);
    return fail(
      failure('ClusterGone', `${gone} any more. Create another OpenBaoRestore once the cluster exists.`),
    );
  }
  const { uid } = cluster.metadata;
  if (isAnother(cluster, status)) {
    const meant =
      clusterUID === undefined ? `was there at ${status.phaseStartedAt}` : `has the uid ${clusterUID}`;
    const what = `the OpenBaoCluster ${restore.spec.cluster} in the namespace ${namespace}, with the uid ${uid}, is not the one that this restore is for, which ${meant} and was deleted meanwhile`;
    const done =
      status.restoreJobUID === undefined
        ? 'Nothing was done to the new one'
        : `If the Job ${status.jobs?.restore} still ran when the new one came up, it may have sent the snapshot there: kubectl get job ${status.jobs?.restore} -n ${namespace}`;
    const remedy = 'If its data is to be replaced, create another OpenBaoRestore';
    return fail(failure('ClusterReplaced', `${what}. ${done}. ${remedy}.`));
  }
  const step = phases[phase as ActivePhase]({ restore, status, cluster, jobs, context });
  // From the first look on it is about that very cluster, and no other of its name.
  if (clusterUID !== undefined || uid === undefined || step.kind === 'complete') return step;
  return { ...step, patch: { ...step.patch, clusterUID: uid } };
}

/**
 * Whether another cluster has taken the name of the one that the restore is for. Of a restore that began before uids
 * were recorded: whether it is younger than the phase, for every phase but the first begins with a cluster.
 */
function isAnother(
  { metadata }: OpenBaoCluster,
  { phase = 'Pending', phaseStartedAt, clusterUID }: OpenBaoRestoreStatus,
): boolean {
  if (clusterUID !== undefined) return clusterUID !== metadata.uid;
  const [created, begun] = [parseTimestamp(metadata.creationTimestamp), parseTimestamp(phaseStartedAt)];
  return phase !== 'Pending' && created !== undefined && begun !== undefined && created > begun;
}

/** Puts down what follows from a step. */
function applyStep(run: Run, step: RestoreStep): Run {
  const base =
    'patch' in step && step.patch !== undefined
      ? patched<OpenBaoRestoreStatus>(run.status, step.patch)
      : run.status;
  const enters = step.kind === 'advance' && step.phase !== run.status.phase;
  const status = enters
    ? patched<OpenBaoRestoreStatus>(base, {
        phase: step.phase,
        phaseStartedAt: timestamp(run.context.now),
        waitingFor: undefined,
        held: undefined,
      })
    : base;
  const { effects = [], events = [] } = step.kind === 'complete' ? {} : step;
  return {
    ...run,
    status: { ...status, operationId: run.status.operationId },
    effects: [...run.effects, ...effects],
    events: [...run.events, ...events],
  };
}

function waiting(
  run: Run,
  { reason, held = false }: Extract<RestoreStep, { kind: 'wait' }>,
): RestoreDecision {
  const { now, settings } = run.context;
  const wasHeld = run.observation.restore.status?.held === true;
  const status = patched<Started>(run.status, {
    waitingFor: reason.slice(0, 2048),
    held: held ? true : undefined,
  });
  const asks = held && !wasHeld ? [event('Warning', 'PersonNeeded', 'Wait', reason)] : [];
  const at = { ...run, status, events: [...run.events, ...asks] };
  return decision(at, now + (held ? settings.idlePollMs : settings.pollMs));
}

function failed(run: Run, { reason, message }: RestoreFailure): RestoreDecision {
  const status = patched<Started>(run.status, {
    phase: 'Failed',
    completedAt: timestamp(run.context.now),
    waitingFor: undefined,
    held: undefined,
    lastErrorReason: reason,
    lastErrorMessage: message,
  });
  const told = event('Warning', 'RestoreFailed', 'Restore', `${reason}: ${message}`);
  return atEnd({ ...run, status, events: [...run.events, told] });
}

function completed(run: Run): RestoreDecision {
  const status = patched<Started>(run.status, {
    phase: 'Complete',
    completedAt: timestamp(run.context.now),
    waitingFor: undefined,
    held: undefined,
  });
  const note = `${status.snapshot?.name} is restored; members are repaired and restarted`;
  return atEnd({
    ...run,
    status,
    events: [...run.events, event('Normal', 'RestoreCompleted', 'Restore', note)],
  });
}

/** The lock is given back, then the finalizer: each is seen to be done before the next. */
function atEnd(run: Run): RestoreDecision {
  const { observation, context, status } = run;
  const { restore, cluster } = observation;
  const { operationId } = status;
  const isRecorded =
    cluster?.status?.restore?.operationId === operationId && cluster.status.restore.restartAt === undefined;
  const hasChanged = status.restoreJobUID !== undefined;
  const releases =
    cluster !== undefined && (isLockedFor(cluster, operationId) || (isRecorded && !hasChanged));
  const effects = releases
    ? [released(cluster, hasChanged)]
    : hasFinalizer(restore)
      ? finalizerEffect(restore, false)
      : [];
  const at = { ...run, effects: [...run.effects, ...effects] };
  return decision(at, effects.length === 0 ? undefined : context.now + context.settings.pollMs);
}

/** The status comes back as it was stored when nothing changed, so that nothing is written. */
function decision(
  { observation, context, status, effects, events }: Run,
  requeueAt?: number,
): RestoreDecision {
  const { restore, jobs } = observation;
  const told = withConditions(restore, withMadeJobs(status, jobs), context.now);
  return {
    status: sameValue(restore.status, told) ? (restore.status ?? {}) : told,
    effects,
    events,
    ...defined({ requeueAt }),
  };
}
