import { lastError, noLastError } from '../../model/last-error.ts';
import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../api/openbaocluster.ts';
import type { ClusterEvent, Decision, DecisionContext, Effect } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';
import { lastWords } from '../../model/startup-failure.ts';
import { isRolling } from '../../model/rolling.ts';
import { unwatchedMs } from '../../model/operation-lock.ts';
import { wantedReplicas } from '../../model/selectors.ts';
import { peersOf } from '../../raft/peers.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { startBlueGreen } from '../start-blue-green.ts';
import { isBlueGreen } from '../target.ts';
import { deadlineOf, postponed, timeoutReason } from './deadlines.ts';
import { event } from '../event.ts';
import { failure, type Failure } from './failure.ts';
import { withoutAttempts } from '../../workload/version-attempts.ts';
import { trackLeadership } from './leadership.ts';
import { takeLock } from '../lock.ts';
import { unreadAnswers, unreadBehind, unreadInWords } from '../unread.ts';
import { takenBack } from './partition-guard.ts';
import { type PhaseHandler, type PhaseInput, type PhaseName, type Step } from './phase.ts';
import { patched } from '../../model/patch.ts';
import { sameValue } from '../../model/same-value.ts';
import { catchingUp } from './phases/catching-up.ts';
import { finalizing } from './phases/finalizing.ts';
import { locking } from './phases/locking.ts';
import { preChecks, removesDeadServers } from './phases/pre-checks.ts';
import { replacing } from './phases/replacing.ts';
import { snapshot } from './phases/snapshot.ts';
import { steppingDown } from './phases/stepping-down.ts';
import { overdueRemedy, remedy } from './remedy.ts';
import { unreadRemedy } from './unread-remedy.ts';
import { handledRequests, isAsked } from '../requests.ts';
import { tryAgain } from './requests.ts';
import {
  askedTarget,
  asksForTarget,
  dropped,
  isOfRestore,
  isUntouched,
  retarget,
  whatTargetOpened,
} from './retarget.ts';
import { decideStart } from './start.ts';
import { whyForbidden } from './start-check.ts';

/** The phases in their order. From SteppingDown to CatchingUp once for each ordinal, the highest first. */
const phases: Readonly<Record<PhaseName, PhaseHandler>> = {
  // nothing is touched before all of these pass
  PreChecks: preChecks,
  // a verified copy of the data lies elsewhere
  Snapshot: snapshot,
  // the new template is there, held back from every pod
  Locking: locking,
  // the pod whose turn it is must not lead
  SteppingDown: steppingDown,
  // it is made anew
  Replacing: replacing,
  // it has what the leader had
  CatchingUp: catchingUp,
  // all of them, and the StatefulSet says so too
  Finalizing: finalizing,
};

/**
 * What to do next about the version and restarts of a cluster. Pure: the same arguments give the same decision;
 * nothing is carried out before the status that says so is stored (docs/design.md, rule 1).
 *
 * @param status what is to be stored so far; the upgrade reads and writes no other one
 */
export function decideUpgrade(
  observation: Observation,
  status: OpenBaoClusterStatus,
  context: DecisionContext,
): Decision {
  const { upgrade } = status;
  if (upgrade === undefined) return decideStart(observation, status, context);
  const { spec } = observation.cluster;
  const { now, settings } = context;
  const replicas = status.replicas ?? wantedReplicas(observation.cluster);
  const peers = peersOf(observation, replicas, status.clusterID);
  if (spec.paused === true || status.breakGlass?.active === true) {
    // No new effect; a Job that runs may end, and is read on resuming.
    const noted = withStart({ observation, upgrade, peers, replicas });
    const stopped = noted.pausedAt === undefined ? { ...noted, pausedAt: timestamp(now) } : noted;
    return { status: { ...status, upgrade: stopped }, effects: [], events: [] };
  }
  const pausedAt = parseTimestamp(upgrade.pausedAt);
  const lostMs = pausedAt === undefined ? unwatched(upgrade, status, now) : now - pausedAt;
  const resumed = pausedAt === undefined && lostMs === 0 ? upgrade : postponed(upgrade, lostMs);
  const tracked = trackLeadership(resumed, peers);
  const run: Run = {
    observation,
    context,
    replicas,
    peers,
    status: { ...status, upgrade: tracked },
    upgrade: tracked,
    effects: [],
    events: [],
  };

  const unwanted = isUntouched(run.upgrade, replicas) ? whyUnwanted(run) : undefined;
  if (unwanted !== undefined) {
    const note = `${unwanted}; nothing had been changed`;
    return {
      status: dropped(run.status),
      effects: [],
      events: [...run.events, event('Normal', 'UpgradeAborted', 'Abort', note)],
      requeueAt: now,
    };
  }
  const noted = withUpgrade(run, withStart(run));
  const isHeld = noted.upgrade.held === true;
  if (isAsked(observation, noted.status, 'retry')) {
    if (isHeld) {
      const again = tryAgain(noted);
      return { status: again.status, effects: [], events: [...run.events, ...again.events], requeueAt: now };
    }
    const ignored = handledRequests(observation, noted.status, 'retry');
    return runPhases({ ...noted, status: ignored });
  }
  if (isHeld && !isFreed(noted)) {
    const refused = whyNotRetargeted(noted);
    if (refused !== undefined) return held(noted, refused);
    return { status: noted.status, effects: [], events: noted.events, requeueAt: now + settings.idlePollMs };
  }
  return runPhases(isHeld ? freed(noted) : noted);
}

/** For how long no controller has looked. What is held waits for a person, not for a deadline. */
const unwatched = (upgrade: RollingUpgrade, status: OpenBaoClusterStatus, now: number) =>
  upgrade.held === true ? 0 : unwatchedMs(status, upgrade.operationId, now);

/** A decision in the making. */
interface Run extends PhaseInput {
  readonly effects: readonly Effect[];
  readonly events: readonly ClusterEvent[];
}

/** Why an upgrade that has touched nothing is dropped; what spec asks for then starts anew by itself. */
function whyUnwanted(run: Run): string | undefined {
  const { observation, upgrade, replicas } = run;
  const { spec } = observation.cluster;
  const isSpecs = !isOfRestore(upgrade, run.status);
  if (isSpecs && !asksForTarget(run)) return `the target ${upgrade.targetVersion} is no longer requested`;
  if (isSpecs && upgrade.restartAt !== undefined && upgrade.restartAt !== spec.maintenance?.restartAt) {
    return `the restart ${upgrade.restartAt} is no longer requested`;
  }
  const wanted = wantedReplicas(observation.cluster);
  return wanted === replicas ? undefined : `spec.replicas is ${wanted}, not ${replicas}, which comes first`;
}

/** What the target has opened is recorded when it is first seen: a pod made anew has forgotten it. */
function withStart(seen: Parameters<typeof whatTargetOpened>[0]): RollingUpgrade {
  const { upgrade } = seen;
  if (upgrade.targetStarted === true) return upgrade;
  const { opened, unopened } = whatTargetOpened(seen);
  if (opened === true) return patched(upgrade, { targetStarted: true, unopened: undefined });
  return sameValue(unopened, upgrade.unopened) ? upgrade : patched(upgrade, { unopened });
}

const forbids = (reason: string | undefined) => reason === 'DowngradeBlocked' || reason === 'PolicyViolation';

/** What spec caused, spec undoes: back at the target, or on to one that may replace a stuck one. */
function isFreed(run: Run): boolean {
  const { lastErrorReason } = run.status;
  if (asksForTarget(run)) {
    // Before anything was touched it is the target itself that is forbidden.
    const wasOtherTarget = forbids(lastErrorReason) && !isUntouched(run.upgrade, run.replicas);
    return wasOtherTarget || run.upgrade.retarget !== undefined;
  }
  const next = retarget(run);
  if (next === undefined || next.kind === 'hold') return false;
  return true;
}

/** Why what spec asks for by now does not end the hold, where the hold does not say so yet. */
function whyNotRetargeted(run: Run): Failure | undefined {
  const next = isUntouched(run.upgrade, run.replicas) ? undefined : retarget(run);
  if (next?.kind !== 'hold' || next.failure.reason === run.status.lastErrorReason) return undefined;
  return next.failure;
}

function freed(run: Run): Run {
  const { context, upgrade } = run;
  const phase = upgrade.phase ?? 'PreChecks';
  const next = patched(upgrade, {
    held: undefined,
    retarget: askedTarget(run),
    deadline: deadlineOf(phase, context.now, context.settings),
    phaseStartedAt: timestamp(context.now),
  });
  return withUpgrade({ ...run, status: patched(run.status, noLastError) }, next);
}

/** Runs phases until one waits. */
function runPhases(run: Run): Decision {
  const locked = takeLock(run.status, run.upgrade.operationId ?? '', run.context.now);
  if (locked.kind === 'held') {
    return held(run, failure('OperationLockLost', locked.by, remedy(run, 'wait until it has ended')));
  }
  let at: Run = { ...run, status: locked.status };
  // Each phase can be entered at most once for each ordinal before something has to be awaited.
  for (let turns = 0; turns < 4 * at.replicas + phaseCount; turns++) {
    const asked =
      (isUntouched(at.upgrade, at.replicas) ? undefined : retarget(at)) ?? takenBack(at) ?? handle(at);
    const goesOver =
      asked.kind === 'advance' &&
      isRolling(asked.phase) &&
      !isRolling(at.upgrade.phase) &&
      isBlueGreen(at.observation.cluster, at.upgrade);
    // The strategy may have changed since the checks: the gate may be off.
    const step = (goesOver ? whyForbidden(at) : undefined) ?? asked;
    if (step.kind === 'finish') return finished(at);
    if (goesOver && step === asked) return handedOver(applyStep(at, step));
    at = applyStep(at, step);
    if (step.kind === 'hold') return held(at, step.failure);
    if (step.kind === 'wait') return waiting(at, step);
  }
  return { status: at.status, effects: at.effects, events: at.events, requeueAt: at.context.now };
}

const phaseCount = Object.keys(phases).length;
const handle = (run: Run): Step => phases[run.upgrade.phase ?? 'PreChecks'](run);

const podInWork = ({ peers, upgrade, replicas }: Run) =>
  peers.expected[upgrade.currentPartition ?? replicas]?.pod;

/** Puts down what follows from a step. */
function applyStep(run: Run, step: Exclude<Step, { kind: 'finish' }>): Run {
  const { now, settings } = run.context;
  const base = patched(run.upgrade, step.patch ?? {});
  const enters = step.kind === 'advance' && step.phase !== run.upgrade.phase;
  const [catchingUpPod] = base.catchUp ?? [];
  const upgrade = enters
    ? patched(base, {
        phase: step.phase,
        phaseStartedAt: timestamp(now),
        // A step-down in between does not give the pod that catches up more time.
        deadline:
          (step.phase === 'CatchingUp' ? catchingUpPod?.deadline : undefined) ??
          deadlineOf(step.phase, now, settings),
        waitingFor: undefined,
      })
    : base;
  const status = patched(run.status, step.statusPatch ?? {});
  return {
    ...withUpgrade({ ...run, status }, upgrade),
    effects: [...run.effects, ...(step.effects ?? [])],
    events: [...run.events, ...(step.events ?? [])],
  };
}

/**
 * Waiting becomes a hold when the phase's deadline has passed; what was seen now counts first
 * (docs/design.md, rule 9).
 */
function waiting(run: Run, step: Extract<Step, { kind: 'wait' }>): Decision {
  const { now, settings } = run.context;
  const deadline = parseTimestamp(run.upgrade.deadline);
  if (deadline !== undefined && now > deadline) {
    const phase = run.upgrade.phase ?? 'PreChecks';
    const unread = unreadBehind(run, step.reason);
    if (unread.length > 0) {
      const what = `${unreadInWords(unread)}; phase ${phase} has waited since ${run.upgrade.phaseStartedAt}`;
      return held({ ...run, effects: [] }, failure('MemberUnreadable', what, unreadRemedy(run, unread)));
    }
    const reason = step.overdue ?? timeoutReason[phase];
    const words = reason === 'PodNotReady' ? lastWords(podInWork(run)) : undefined;
    const why = [step.reason, ...(words === undefined ? [] : [words])].join('; ');
    const what = `phase ${phase} has waited since ${run.upgrade.phaseStartedAt} for: ${why}`;
    return held({ ...run, effects: [] }, failure(reason, what, overdueRemedy(run, reason)));
  }
  const upgrade = { ...run.upgrade, waitingFor: step.reason.slice(0, 512) };
  const at = withUpgrade(run, upgrade);
  const poll = now + settings.pollMs;
  return {
    status: at.status,
    effects: at.effects,
    events: at.events,
    requeueAt: step.until === undefined ? poll : Math.min(step.until, poll),
  };
}

/**
 * Stops until a person acts. Before anything was touched, the lock is given back
 * (docs/facts/openbao-operator.md, 7.1, 11).
 */
function held(run: Run, failed: Failure): Decision {
  const { context, upgrade } = run;
  const releases = upgrade.phase !== undefined && !isRolling(upgrade.phase);
  const said = lastError(failed.reason, failed);
  const next = patched(upgrade, { held: true, waitingFor: undefined });
  const status = patched(
    { ...run.status, upgrade: next, ...said },
    releases && run.status.operationLock?.operation === 'Upgrade' ? { operationLock: undefined } : {},
  );
  return {
    status,
    effects: run.effects,
    events: [
      ...run.events,
      event('Warning', 'UpgradeHeld', 'Hold', `${said.lastErrorReason}: ${said.lastErrorMessage}`),
    ],
    requeueAt: context.now + context.settings.idlePollMs,
  };
}

/** Everything was checked, and nothing touched: strategy BlueGreen goes on from here. */
function handedOver(run: Run): Decision {
  const { observation, upgrade, context } = run;
  const jobs = observation.jobs.kind === 'known' ? observation.jobs.value : [];
  // What an earlier restart has not switched on again is now for this upgrade to.
  const removes = run.status.deadServerCleanup !== undefined || removesDeadServers(run, jobs);
  const before = patched(run.status, { deadServerCleanup: undefined });
  const { status, events } = startBlueGreen(before, upgrade, removes, context);
  return { status, effects: run.effects, events: [...run.events, ...events], requeueAt: context.now };
}

/**
 * The end, in one write: version, image, upgrade, lock and error change together
 * (docs/facts/openbao-operator.md, 7.1, 10).
 */
function finished(run: Run): Decision {
  const { upgrade, status } = run;
  const { targetVersion, targetImage, restartAt, leadershipChanges = 0 } = upgrade;
  const unread = unreadAnswers(run);
  const doubt = unread.length === 0 ? '' : `; ${unreadInWords(unread)}`;
  const note = `${targetVersion} (${targetImage}) runs everywhere; leadership changed ${leadershipChanges} times${doubt}`;
  return {
    status: patched(status, {
      currentVersion: targetVersion,
      image: targetImage,
      upgrade: undefined,
      operationLock: undefined,
      ...noLastError,
      lastRestartAt: restartAt ?? status.lastRestartAt,
    }),
    effects: [...run.effects, ...withoutAttempts(run.observation, targetVersion)],
    events: [...run.events, event('Normal', 'UpgradeCompleted', 'Upgrade', note)],
  };
}

const withUpgrade = (run: Run, upgrade: RollingUpgrade): Run => ({
  ...run,
  upgrade,
  status: { ...run.status, upgrade },
});
