import { lastError, noLastError } from '../../model/last-error.ts';
import { documents } from '../../../api/documents.ts';
import type { BlueGreenUpgrade, OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import type { ClusterEvent, Decision, DecisionContext, Effect } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';
import { recordedJob } from '../../jobs/followed-job.ts';
import { jobFailure } from '../../jobs/job-outcome.ts';
import { defaultMaxJobFailures } from '../../model/limits.ts';
import { unwatchedMs } from '../../model/operation-lock.ts';
import { peersOfHalves } from '../../raft/peers.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { event } from '../event.ts';
import { takeLock } from '../lock.ts';
import { correction, handOver, unreadBehind, unreadInWords } from '../unread.ts';
import { patched } from '../../model/patch.ts';
import { sameTarget, wantedTarget } from '../target.ts';
import { awaitedRequests } from './awaited.ts';
import { acknowledged, enterBreakGlass, isAcknowledged, type IncidentReason } from './break-glass.ts';
import { deadlineOf, postponed } from './deadlines.ts';
import { finished, finishedBack } from './finish.ts';
import { halvesOf } from './halves.ts';
import { areRemoved, votersAmong } from './membership.ts';
import { goesBackByItself } from './on-failure.ts';
import { type PhaseFailure, type PhaseHandler, type PhaseInput, type Step } from './phase.ts';
import { stageOf, activeBlueGreen, type PhaseName } from '../../model/blue-green.ts';
import { cleanup } from './phases/cleanup.ts';
import { demotingBlue } from './phases/demoting-blue.ts';
import { deployingGreen } from './phases/deploying-green.ts';
import { joiningMesh } from './phases/joining-mesh.ts';
import { promoting } from './phases/promoting.ts';
import { rollbackCleanup } from './phases/rollback-cleanup.ts';
import { rollingBack } from './phases/rolling-back.ts';
import { syncing } from './phases/syncing.ts';
import { upgradingGreen } from './phases/upgrading-green.ts';
import { remedyOf } from './remedy.ts';
import { whyNoWayBack } from './way-back.ts';
import { handledRequests, isAsked } from '../requests.ts';

/** The phases in their order; the last two lead back. */
const phases: Readonly<Record<PhaseName, PhaseHandler>> = {
  // the second StatefulSet runs the target
  DeployingGreen: deployingGreen,
  // the leader counts its members, without a vote
  JoiningMesh: joiningMesh,
  // they have what the leader has, and a person or spec lets them take over
  Syncing: syncing,
  // votes move, one at a time
  Promoting: promoting,
  // where green began as blue, its pods are made anew on the target, one at a time
  UpgradingGreen: upgradingGreen,
  // leadership moves
  DemotingBlue: demotingBlue,
  // clients move, and blue goes
  Cleanup: cleanup,
  // votes and leadership move back
  RollingBack: rollingBack,
  // and green goes
  RollbackCleanup: rollbackCleanup,
};

/**
 * Why a way back that fails stops automation (specification, page 001); undefined once Raft has forgotten green: what
 * is left of it puts nothing at risk.
 */
function incidentOf(run: Run): IncidentReason | undefined {
  if (run.phase === 'RollingBack') return 'RollbackConsensusRepairFailed';
  const isRisk = run.phase === 'RollbackCleanup' && areRemoved(run, run.halves.green) !== true;
  return isRisk ? 'RollbackCleanupPeerRemovalFailed' : undefined;
}

/** Taken off whenever a phase does not wait any more. */
const notWaiting = { waitingFor: undefined, waitingReason: undefined } as const;

/**
 * What to do next about the blue-green upgrade under way (specification, pages 000, 001, 002 and 004). Pure;
 * nothing is carried out before the status that says so is stored (docs/design.md, rule 1).
 */
export function decideBlueGreen(
  observation: Observation,
  status: OpenBaoClusterStatus,
  context: DecisionContext,
): Decision {
  const current = activeBlueGreen(status);
  if (current === undefined) return { status, effects: [], events: [] };
  const run = tracked(runOf(observation, status, current, context));
  if (status.breakGlass?.active === true) return incident(run);
  if (observation.cluster.spec.paused === true) {
    // No new effect; a Job that runs may end, and is read on resuming.
    return rest(withBlueGreen(run, { pausedAt: run.blueGreen.pausedAt ?? timestamp(context.now) }));
  }
  const pausedAt = parseTimestamp(run.blueGreen.pausedAt);
  const lostMs =
    pausedAt === undefined
      ? unwatchedMs(status, run.blueGreen.operationId, context.now)
      : context.now - pausedAt;
  const resumed =
    pausedAt === undefined && lostMs === 0 ? run : replaced(run, postponed(run.blueGreen, lostMs));
  const locked = takeLock(resumed.status, run.blueGreen.operationId ?? '', context.now);
  if (locked.kind === 'held') {
    const isTold = run.blueGreen.held === true && status.lastErrorReason === 'OperationLockLost';
    return isTold ? rest(resumed) : held(resumed, { reason: 'OperationLockLost', message: locked.by });
  }
  return requested({ ...resumed, status: locked.status });
}

/** A decision in the making. */
interface Run extends PhaseInput {
  readonly phase: PhaseName;
  readonly effects: readonly Effect[];
  readonly events: readonly ClusterEvent[];
}

function runOf(
  observation: Observation,
  status: OpenBaoClusterStatus,
  blueGreen: NonNullable<ReturnType<typeof activeBlueGreen>>,
  context: DecisionContext,
): Run {
  const replicas = blueGreen.blueReplicas ?? status.replicas ?? 0;
  const halves = halvesOf(observation.cluster, replicas);
  const peers = peersOfHalves(observation, replicas, status.clusterID);
  return {
    observation,
    status,
    blueGreen,
    phase: blueGreen.phase,
    halves,
    peers,
    blue: peers.expected.filter(({ name }) => halves.blue.includes(name)),
    green: peers.expected.filter(({ name }) => halves.green.includes(name)),
    context,
    effects: [],
    events: [],
  };
}

/**
 * Leaders that follow one another are counted. While leadership is on its way, a new one may come of a step-down,
 * and the next one keeps its distance from that.
 */
function tracked(run: Run): Run {
  const { peers, blueGreen, phase, context } = run;
  if (peers.leader.kind === 'unknown' || peers.leader.value === blueGreen.leader) return run;
  const changes = (blueGreen.leadershipChanges ?? 0) + (blueGreen.leader === undefined ? 0 : 1);
  const isOnItsWay = phase === 'Promoting' || phase === 'DemotingBlue' || phase === 'RollingBack';
  const lastStepDownAt = isOnItsWay ? timestamp(context.now) : run.status.lastStepDownAt;
  const at = { ...run, status: patched(run.status, { lastStepDownAt }) };
  return withBlueGreen(at, { leader: peers.leader.value, leadershipChanges: changes });
}

/** Break glass: nothing moves, until this very incident is acknowledged, paused or not (specification, page 000). */
function incident(run: Run): Decision {
  const { observation, status, context, blueGreen, phase } = run;
  if (!isAcknowledged(observation, status)) return rest(run);
  const over = acknowledged(observation, status, context);
  // The incident was no absence: the lock is alive again.
  const locked = takeLock(status, blueGreen.operationId ?? '', context.now);
  const alive = locked.kind === 'ours' ? locked.status : status;
  const attempt = (blueGreen.rollbackAttempt ?? 0) + 1;
  const again = withBlueGreen(
    {
      ...run,
      status: patched({ ...alive, breakGlass: over.incident }, noLastError),
      events: [...run.events, over.event],
    },
    {
      rollbackAttempt: attempt,
      // A Job of another name: the failed one stays to be read.
      attempt: (blueGreen.attempt ?? 0) + 1,
      jobFailures: undefined,
      phaseStartedAt: timestamp(context.now),
      deadline: deadlineOf(phase, context.now, context.settings),
      pausedAt: undefined,
      ...notWaiting,
    },
  );
  return { ...result(again), requeueAt: context.now };
}

/** What a person, or another spec, asks for first. */
function requested(run: Run): Decision {
  const { observation, blueGreen, phase, context } = run;
  const stage = stageOf(phase);
  // A promotion or a cleanup that nothing waits for is handled by that.
  const stray = [
    ...(phase === 'Syncing' ? [] : (['promote'] as const)),
    ...(phase === 'DemotingBlue' ? [] : (['cleanup'] as const)),
  ];
  const wayBack = whyNoWayBack(run);
  // While it cannot be told, the request waits.
  if (isAsked(observation, run.status, 'rollback') && wayBack.kind === 'known') {
    const status = handledRequests(observation, run.status, 'rollback');
    const at = { ...run, status };
    if (wayBack.value === undefined && stage !== 'back') {
      return startRollback(at, { reason: 'RollbackRequested', message: 'spec.upgrade.requests.rollback' });
    }
    const note = `a rollback was requested, but ${wayBack.value}: only a restore leads back (${documents.restore})`;
    const told =
      stage === 'back'
        ? at
        : { ...at, events: [...at.events, event('Warning', 'PointOfNoReturn', 'Rollback', note)] };
    return blueGreen.held === true ? rest(told) : runPhases(told);
  }
  const target = { version: blueGreen.greenVersion ?? '', image: blueGreen.greenImage ?? '' };
  const wanted = wantedTarget(observation.cluster, context.settings);
  if (stage === 'early' && !sameTarget(wanted, target)) {
    return startRollback(run, {
      reason: 'TargetChanged',
      message: `spec asks for ${wanted.version} (${wanted.image})`,
    });
  }
  const kept = { ...run, status: handledRequests(observation, run.status, ...stray) };
  if (isAsked(observation, kept.status, 'retry')) {
    const status = handledRequests(observation, kept.status, 'retry');
    return blueGreen.held === true ? retried({ ...kept, status }) : runPhases({ ...kept, status });
  }
  return blueGreen.held === true ? rest(kept) : runPhases(kept);
}

/** A held upgrade goes on where it stopped: new Jobs, new deadline. A hook that is lost may run again: a person says so. */
function retried(run: Run): Decision {
  const { blueGreen, phase, context } = run;
  const next = withBlueGreen(
    {
      ...run,
      status: patched(run.status, noLastError),
      events: [...run.events, event('Normal', 'UpgradeRetried', 'Retry', `continues in phase ${phase}`)],
    },
    {
      held: undefined,
      attempt: (blueGreen.attempt ?? 0) + 1,
      jobFailures: undefined,
      hookStartedAt: undefined,
      phaseStartedAt: timestamp(context.now),
      deadline: deadlineOf(phase, context.now, context.settings),
    },
  );
  return { ...result(next), requeueAt: context.now };
}

/** Runs phases until one waits. */
function runPhases(run: Run): Decision {
  let at = run;
  for (let turns = 0; turns < 2 * Object.keys(phases).length; turns++) {
    const step = phases[at.phase](at);
    if (step.kind === 'finish') {
      const { status, event: completed } = finished(at.status, at.blueGreen);
      return { status, effects: at.effects, events: [...at.events, completed], requeueAt: at.context.now };
    }
    if (step.kind === 'finish-back') {
      const { status, event: back } = finishedBack(at.status, at.blueGreen, at.context.now);
      return { status, effects: at.effects, events: [...at.events, back], requeueAt: at.context.now };
    }
    at = applyStep(at, step);
    if (step.kind === 'wait') return waiting(at, step);
    if (step.kind === 'hold') return held(at, step.failure);
    if (step.kind === 'fail') return failed(at, step.failure);
  }
  return { ...result(at), requeueAt: at.context.now };
}

type Going = Exclude<Step, { readonly kind: 'finish' | 'finish-back' }>;

/** Puts down what follows from a step. */
function applyStep(run: Run, step: Going): Run {
  const { patch = {}, statusPatch = {}, effects = [], events = [] } = step;
  const at: Run = {
    ...withBlueGreen({ ...run, status: patched(run.status, statusPatch) }, patch),
    effects: [...run.effects, ...effects],
    events: [...run.events, ...events],
  };
  return step.kind === 'advance' && step.phase !== run.phase ? entered(at, step.phase) : at;
}

/** A phase that is entered again, or may be, takes no outcome of a Job of before for its own (7.1, 6). */
function attemptOf({ phase: from, blueGreen: { attempt } }: Run, phase: PhaseName): number | undefined {
  // The Job that moved the votes is the one that hands over.
  if (from === 'Promoting' && phase === 'DemotingBlue') return attempt;
  if (stageOf(from) !== 'back') return undefined;
  return phase === 'RollingBack' || phase === 'DemotingBlue' ? (attempt ?? 0) + 1 : attempt;
}

/** Each phase has its own clock, Jobs and count of failures. */
function entered(run: Run, phase: PhaseName): Run {
  const { now, settings } = run.context;
  const isConsumed = phase === 'Promoting' ? 'promote' : phase === 'Cleanup' ? 'cleanup' : undefined;
  const status =
    isConsumed === undefined ? run.status : handledRequests(run.observation, run.status, isConsumed);
  return {
    ...withBlueGreen(
      { ...run, status },
      {
        phase,
        phaseStartedAt: timestamp(now),
        deadline: deadlineOf(phase, now, settings),
        ...notWaiting,
        attempt: attemptOf(run, phase),
        jobFailures: undefined,
      },
    ),
    phase,
  };
}

/**
 * Waiting becomes a failure when the phase's deadline has passed; what was seen now counts first
 * (docs/design.md, rule 9).
 */
function waiting(run: Run, step: Extract<Step, { readonly kind: 'wait' }>): Decision {
  const { now, settings } = run.context;
  const deadline = parseTimestamp(run.blueGreen.deadline);
  if (step.isOpenEnded !== true && deadline !== undefined && now > deadline) {
    const at = { ...run, effects: [] };
    return step.overdue === undefined ? failed(at, overdue(run, step.reason)) : held(at, step.overdue);
  }
  // The clock of a phase does not run while a person, or spec's own time, is waited for; then it starts anew.
  const at = withBlueGreen(run, {
    waitingFor: step.reason.slice(0, 512),
    waitingReason: step.awaits && awaitedRequests[step.awaits].waitingReason,
    deadline:
      step.isOpenEnded === true
        ? undefined
        : (run.blueGreen.deadline ?? deadlineOf(run.phase, now, settings)),
  });
  const poll = now + settings.pollMs;
  return { ...result(at), requeueAt: step.until === undefined ? poll : Math.min(step.until, poll) };
}

/** What has passed its deadline, and why: an answer that could not be understood is named as such. */
function overdue(run: Run, waited: string): PhaseFailure {
  const since = `phase ${run.phase} has waited since ${run.blueGreen.phaseStartedAt}`;
  const unread = unreadBehind(run, waited);
  if (unread.length === 0) {
    return { reason: 'PhaseTimeout', message: `${since} for: ${waited}${lastFailure(run)}` };
  }
  const { namespace = 'default' } = run.observation.cluster.metadata;
  return {
    reason: 'MemberUnreadable',
    message: `${unreadInWords(unread)}; ${since}`,
    remedy: `To end it, ${correction(unread, namespace)}`,
    commands: handOver(run, unread),
  };
}

/** In what words the last Job of the phase failed, which the one that is waited for goes on from. */
function lastFailure({ observation: { jobs }, blueGreen }: Run): string {
  const { lastJobFailure, jobFailures = 0 } = blueGreen;
  if (lastJobFailure === undefined || jobFailures === 0 || jobs.kind === 'unknown') return '';
  const job = recordedJob(jobs.value, lastJobFailure);
  return job.outcome === 'failed' ? `; Job ${lastJobFailure} had failed: ${jobFailure(job.observed)}` : '';
}

/**
 * What a failure leads to, by where it happened and what spec lets happen by itself
 * (docs/facts/openbao-operator.md, 3.3).
 */
function failed(run: Run, failure: PhaseFailure): Decision {
  const { observation, blueGreen, phase } = run;
  const stage = stageOf(phase);
  const incidentReason = incidentOf(run);
  if (incidentReason !== undefined) return broken(run, incidentReason, failure);
  if (stage === 'back') return held(run, failure);
  const { spec } = observation.cluster;
  const { maxJobFailures = defaultMaxJobFailures } = spec.upgrade?.blueGreen ?? {};
  const counted =
    failure.reason === 'UpgradeJobFailed'
      ? withBlueGreen(run, { jobFailures: (blueGreen.jobFailures ?? 0) + 1 })
      : run;
  if (!goesBackByItself(spec, failure.reason)) return held(counted, failure);
  const failures = counted.blueGreen.jobFailures ?? 0;
  if (failure.reason === 'UpgradeJobFailed' && failures < maxJobFailures) {
    const note = `${failure.message}; attempt ${failures + 1} of ${maxJobFailures} follows`;
    const again = withBlueGreen(counted, { attempt: (blueGreen.attempt ?? 0) + 1 });
    return {
      ...result({
        ...again,
        events: [...run.events, event('Warning', 'UpgradeJobFailed', 'Retry', note.slice(0, 1024))],
      }),
      requeueAt: run.context.now,
    };
  }
  const wayBack = whyNoWayBack(run);
  const isOpen = wayBack.kind === 'known' && wayBack.value === undefined;
  return isOpen ? startRollback(counted, failure) : held(counted, failure);
}

/**
 * Turns round: where green has votes they are brought back first; where it has none it is only removed. Whether it
 * has is read, and where that cannot be, or a promotion may be under way, it is taken to have some.
 */
function startRollback(run: Run, { reason, message }: PhaseFailure): Decision {
  const { blueGreen, context, halves } = run;
  const voting = votersAmong(run, halves.green);
  const isClean = stageOf(run.phase) === 'early' && voting?.length === 0;
  const hasVotes = stageOf(run.phase) === 'late' || (voting !== undefined && voting.length > 0);
  // A green that never got so far as to be read about has no votes: nobody was promoted yet.
  const phase = isClean || !hasVotes ? 'RollbackCleanup' : 'RollingBack';
  const rollbackReason = `${reason}: ${message}`.slice(0, 1024);
  const at = withBlueGreen(entered(run, phase), {
    held: undefined,
    rollbackReason,
    rollbackStartedAt: timestamp(context.now),
    lastJobFailure: blueGreen.lastJobFailure,
  });
  const isAbort = stageOf(run.phase) === 'early';
  const turned = event(
    reason === 'RollbackRequested' || reason === 'TargetChanged' ? 'Normal' : 'Warning',
    isAbort ? 'UpgradeAborted' : 'RollbackStarted',
    isAbort ? 'Abort' : 'Rollback',
    rollbackReason,
  );
  return {
    ...result({
      ...at,
      status: patched(at.status, noLastError),
      effects: [],
      events: [...run.events, turned],
    }),
    requeueAt: context.now,
  };
}

/** The way back itself fails: going on could make things worse. */
function broken(run: Run, reason: IncidentReason, { message }: PhaseFailure): Decision {
  const entry = enterBreakGlass(run, reason, message);
  const at: Run = {
    ...run,
    status: {
      ...run.status,
      breakGlass: entry.incident,
      ...lastError(reason, { message: entry.incident.message ?? '' }),
    },
    effects: [],
    events: [...run.events, entry.event],
  };
  return rest(withBlueGreen(at, notWaiting));
}

/** Stops until a person acts. */
function held(run: Run, { reason, message, remedy, commands: own = [] }: PhaseFailure): Decision {
  const at = withBlueGreen(run, { held: true, ...notWaiting });
  const { commands = [], ...general } = remedyOf(at);
  const said = lastError(reason, {
    message,
    remedy: remedy ?? general.remedy,
    commands: [...commands, ...own],
  });
  const note = `${reason}: ${said.lastErrorMessage}`.slice(0, 1024);
  return rest({
    ...at,
    status: { ...at.status, ...said },
    effects: [],
    events: [...run.events, event('Warning', 'UpgradeHeld', 'Hold', note)],
  });
}

const replaced = (run: Run, blueGreen: BlueGreenUpgrade): Run => ({
  ...run,
  blueGreen,
  status: { ...run.status, blueGreen },
});

function withBlueGreen(
  run: Run,
  patch: { readonly [Key in keyof BlueGreenUpgrade]?: BlueGreenUpgrade[Key] | undefined },
): Run {
  const blueGreen = patched(run.blueGreen, patch);
  return { ...run, blueGreen, status: { ...run.status, blueGreen } };
}

const result = ({ status, effects, events }: Run): Decision => ({ status, effects, events });

const rest = (run: Run): Decision => ({
  ...result({ ...run, effects: [] }),
  requeueAt: run.context.now + run.context.settings.idlePollMs,
});
