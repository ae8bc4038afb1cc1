import type { HoldReasonOf } from '../../../api/hold-reasons.ts';
import type { OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import { omit } from '../../../api/object-fields.ts';
import { peersOf } from '../../raft/peers.ts';
import { whyRemovalUnderWay } from '../../raft/removal.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { retryCommand } from '../../model/kubectl.ts';
import { patched } from '../../model/patch.ts';
import type { ClusterEvent, DecisionContext } from '../../model/decision.ts';
import { lastError, withoutLastError } from '../../model/last-error.ts';
import type { Observation } from '../../model/observation.ts';
import { isLockedAgainst, withLock, withoutLock } from '../../model/operation-lock.ts';
import { unchanged, waiting, type Concern, type ConcernResult } from '../../model/cluster-concern.ts';
import { clusterName, isPaused, isStopped, wantedReplicas } from '../../model/selectors.ts';
import { isMixed } from '../mix.ts';
import { join, startJoining } from './grow.ts';
import { removePeer, shrink, startLeaving, stepDown } from './shrink.ts';
import { atRest, wait, type ScaleInput, type ScaleStep, type Scaling } from './step.ts';

type Status = OpenBaoClusterStatus;

/**
 * Changes the number of members, one after another: up, one joiner at a time until it votes and has caught up;
 * down, step down, remove, read back, take the pod away, then its volume (docs/design.md, "What would hurt most").
 * Never beside an upgrade.
 */
export const decideScale: Concern = (observation, before, context) => {
  if (before.scaling === undefined) return begin(observation, before, context);
  if (isStopped(observation.cluster, before)) return unchanged(withoutDeadline(before));
  const { status, event } = retried(observation, before, context);
  const input = inputOf(observation, status, context);
  if (input === undefined) return unchanged(status);
  const part = follow(input, next(input));
  return event === undefined ? part : { ...part, events: [event, ...part.events] };
};

function begin(observation: Observation, status: Status, context: DecisionContext): ConcernResult {
  const { cluster, raft } = observation;
  const { replicas, initialized } = status;
  const target = wantedReplicas(cluster);
  if (replicas === undefined || replicas === target || initialized !== true) return unchanged(status);
  const change = `spec.replicas is ${target}, and the cluster has ${replicas} members`;
  const blocked = whyNotBegin(status, raft.kind === 'unknown' ? raft.cause : undefined, isPaused(cluster));
  if (blocked !== undefined)
    return unchanged(status, waiting(blocked.reason, `${change}; ${blocked.message}`));
  const { newOperationId, now, settings } = context;
  const locked = withLock(status, 'Scale', newOperationId, now);
  if (locked === undefined) return unchanged(status);
  const scaling: Scaling = {
    operationId: newOperationId,
    replicas,
    target,
    startedAt: timestamp(now),
    deadline: timestamp(now + settings.deadlines.scaling),
  };
  const even = target % 2 === 0 ? ` An even number tolerates no more failures than ${target - 1}.` : '';
  return {
    ...unchanged({ ...withoutLastError(locked), scaling }),
    events: [
      {
        type: even === '' ? 'Normal' : 'Warning',
        reason: 'ScalingStarted',
        action: 'Scale',
        note: `From ${replicas} to ${target} members.${even}`,
      },
    ],
    requeueAt: now,
  };
}

function whyNotBegin(
  status: Status,
  unreadable: string | undefined,
  paused: boolean,
): { readonly reason: string; readonly message: string } | undefined {
  if (paused) return { reason: 'Paused', message: 'members are added or removed one after another' };
  if (status.breakGlass?.active === true) return { reason: 'BreakGlass', message: 'an incident is open' };
  if (status.upgrade !== undefined)
    return { reason: 'UpgradeUnderWay', message: 'the upgrade must end first' };
  if (isMixed(status)) {
    return {
      reason: 'VersionsMixed',
      message:
        'members run versions before 2.6 and from 2.6 on, of which a new member may get no vote; let all run spec.version first',
    };
  }
  if (isLockedAgainst(status, 'Scale')) {
    return { reason: 'Locked', message: `${status.operationLock?.holder} holds the lock` };
  }
  return unreadable === undefined
    ? undefined
    : { reason: 'MembershipUnknown', message: `the members are unknown: ${unreadable}` };
}

/** Undefined for a status that lacks what this code always writes. */
function inputOf(observation: Observation, status: Status, context: DecisionContext): ScaleInput | undefined {
  const { scaling } = status;
  const { operationId, replicas } = scaling ?? {};
  if (scaling === undefined || operationId === undefined || replicas === undefined) return undefined;
  const wanted = wantedReplicas(observation.cluster);
  return {
    observation,
    status,
    scaling: { ...scaling, operationId, replicas },
    peers: peersOf(observation, replicas, status.clusterID),
    wanted,
    context,
  };
}

const steps: Readonly<Record<NonNullable<Scaling['step']>, (input: ScaleInput) => ScaleStep>> = {
  Joining: join,
  SteppingDown: stepDown,
  RemovingPeer: removePeer,
  Shrinking: shrink,
};

function next(input: ScaleInput): ScaleStep {
  const { scaling, wanted, observation } = input;
  if (scaling.step !== undefined) return steps[scaling.step](input);
  // Also one of this scaling that still looks whether it has worked: it ends by itself.
  const removal = whyRemovalUnderWay(observation.jobs);
  if (removal !== undefined) return wait(removal);
  if (wanted === scaling.replicas) return { kind: 'finish' };
  return wanted > scaling.replicas ? startJoining(input) : startLeaving(input);
}

type Kind<K extends ScaleStep['kind']> = Extract<ScaleStep, { readonly kind: K }>;

function follow(input: ScaleInput, step: ScaleStep): ConcernResult {
  const { scaling, wanted, context } = input;
  const base: Scaling = patched<Scaling>(scaling, {
    target: wanted,
    deadline: scaling.deadline ?? deadlineFrom(context),
  });
  if (step.kind === 'finish') return finished(input);
  if (step.kind === 'go') return moved(input, base, step);
  if (step.kind === 'wait') return waited(input, base, step);
  const isSame = scaling.held === true && input.status.lastErrorReason === step.reason;
  return isSame
    ? unchanged({ ...input.status, scaling: base })
    : heldAt(input, base, step.reason, step.message);
}

const deadlineFrom = ({ now, settings }: DecisionContext) => timestamp(now + settings.deadlines.scaling);

function moved({ status, scaling, context }: ScaleInput, base: Scaling, step: Kind<'go'>): ConcernResult {
  const after = patched<Scaling>(base, {
    ...step.patch,
    held: undefined,
    deadline: deadlineFrom(context),
  });
  const cleared = scaling.held === true ? withoutLastError(status) : status;
  return {
    status: locked({ ...cleared, ...step.statusPatch, scaling: after }, after, context.now),
    effects: step.effects ?? [],
    events: step.events ?? [],
    requeueAt: context.now,
  };
}

function waited(input: ScaleInput, base: Scaling, step: Kind<'wait'>): ConcernResult {
  const { status, scaling, context } = input;
  const { now, settings } = context;
  if (now >= (parseTimestamp(base.deadline) ?? Infinity) && scaling.held !== true) {
    return heldAt(input, base, 'ScaleTimedOut', `the step did not end in time: ${step.message}`);
  }
  const after = patched<Scaling>(base, step.patch ?? {});
  return {
    ...unchanged(locked({ ...status, scaling: after }, after, now), waiting('Scaling', step.message)),
    effects: step.effects ?? [],
    // What holds waits for a person, and its next step can wait for the idle look.
    requeueAt: Math.min(
      now + (after.held === true ? settings.idlePollMs : settings.pollMs),
      step.until ?? Infinity,
    ),
  };
}

const locked = (status: Status, { operationId = '' }: Scaling, now: number): Status =>
  withLock(status, 'Scale', operationId, now) ?? status;

function finished({ status, scaling, wanted }: ScaleInput): ConcernResult {
  const rest = omit(status, 'scaling');
  const cleared = scaling.held === true ? withoutLastError(rest) : rest;
  return {
    ...unchanged(withoutLock(cleared, 'Scale')),
    events: [{ type: 'Normal', reason: 'Scaled', action: 'Scale', note: `${wanted} members are running.` }],
  };
}

function heldAt(
  { observation, status, context }: ScaleInput,
  base: Scaling,
  reason: HoldReasonOf<'Scaling'>,
  what: string,
): ConcernResult {
  const { cluster } = observation;
  const said = lastError(reason, {
    message: what,
    remedy: 'Fix the cause; the change continues automatically when it can',
    commands: [
      {
        purpose: 'or is retried after',
        line: retryCommand(clusterName(cluster), cluster.metadata.namespace ?? ''),
      },
    ],
  });
  const note = (said.lastErrorMessage ?? '').slice(0, 1_000);
  const scaling: Scaling = { ...base, held: true };
  return {
    status: locked({ ...status, scaling, ...said }, scaling, context.now),
    effects: [],
    events: [{ type: 'Warning', reason: 'ScalingHeld', action: 'Scale', note }],
    requeueAt: context.now + context.settings.idlePollMs,
  };
}

/** A new value of spec.upgrade.requests.retry tries again what holds: Jobs of a new name, a new deadline. */
function retried(
  { cluster }: Observation,
  status: Status,
  { now, settings }: DecisionContext,
): { readonly status: Status; readonly event?: ClusterEvent } {
  const retry = cluster.spec.upgrade?.requests?.retry;
  const { scaling, upgradeRequests } = status;
  if (scaling?.held !== true || retry === undefined || retry === upgradeRequests?.lastHandledRetry) {
    return { status };
  }
  const again = patched<Scaling>(scaling, {
    ...(scaling.step === 'SteppingDown' ? atRest : {}),
    attempt: (scaling.attempt ?? 0) + 1,
    held: undefined,
    deadline: timestamp(now + settings.deadlines.scaling),
  });
  return {
    status: {
      ...withoutLastError(status),
      scaling: again,
      upgradeRequests: { ...upgradeRequests, lastHandledRetry: retry },
    },
    event: { type: 'Normal', reason: 'ScalingRetried', action: 'Scale', note: 'Retried on request.' },
  };
}

/** Time spent paused does not count: the clock starts anew when it goes on. */
function withoutDeadline(status: Status): Status {
  const { scaling } = status;
  return scaling?.deadline === undefined
    ? status
    : { ...status, scaling: patched<Scaling>(scaling, { deadline: undefined }) };
}
