import { documents } from '../../../api/documents.ts';
import { defined } from '../../../api/object-fields.ts';
import type { HoldReasonOf } from '../../../api/hold-reasons.ts';
import { executorJob } from '../../jobs/executor-job.ts';
import { followedJob, type FollowedJob } from '../../jobs/followed-job.ts';
import { jobFailure, jobHindrance } from '../../jobs/job-outcome.ts';
import { known, unknown, type Known } from '../../model/known.ts';
import type { ExecutorStep } from '../../jobs/step.ts';
import { countedVoters, stepDownCandidates, whyLosing, whyNoVote, whyUnhealthy } from '../../raft/health.ts';
import { quorum } from '../../raft/quorum.ts';
import { nextStepDownAt, unfinishedStepDowns } from '../../raft/step-down.ts';
import { timestamp } from '../../model/time.ts';
import { liveNames } from '../../model/members.ts';
import { formerVolume } from '../../model/data-door.ts';
import type { Reservation } from '../../model/effect.ts';
import { whyEvictable } from '../../model/reservation.ts';
import { reservationOf } from '../../workload/disruption-budget.ts';
import type { Effect } from '../../model/decision.ts';
import type { ObservedJob } from '../../model/observation.ts';
import { claimsByPod, podsByName } from '../../model/selectors.ts';
import { isAccepted, keyRiskWithout } from '../../upgrade/namespace-keys.ts';
import { atRest, newIndex, wait, type ScaleInput, type ScaleStep } from './step.ts';

/** The highest ordinal is the one to go: it steps down if it leads, else it is removed. */
export function startLeaving(input: ScaleInput): ScaleStep {
  const { scaling, peers } = input;
  const pod = leaving(input);
  const listed = isListed(input, pod);
  if (listed === undefined) return wait('the members are unknown');
  if (!listed) return shrunk(input);
  const unsafe = whyVolumeGoes(input, pod) ?? whyNotRemove(input, pod) ?? whyKeysWouldGo(input, pod);
  if (unsafe !== undefined) return wait(unsafe);
  if (peers.leader.kind === 'unknown') return wait(`no leader is known: ${peers.leader.cause}`);
  if (peers.leader.value === pod) return startStepDown(input, pod);
  const attempt = (scaling.attempt ?? 0) + 1;
  return {
    kind: 'go',
    // Its Job comes when nobody else can be evicted any more, which follows from this being recorded.
    patch: { step: 'RemovingPeer', attempt, index: undefined },
    events: [{ type: 'Normal', reason: 'RemovingMember', action: 'RemovePeer', note: `${pod} leaves.` }],
  };
}

function startStepDown(input: ScaleInput, pod: string): ScaleStep {
  const { observation, scaling, status, peers, context } = input;
  const patch = newIndex(scaling, peers);
  if (patch !== undefined || scaling.index === undefined) {
    return wait(`${pod} leads; the pods that could take over are being checked`, defined({ patch }));
  }
  if (stepDownCandidates(peers, pod, scaling.index).length === 0) {
    return wait(`${pod} leads, and no other healthy voter has caught up to take over`);
  }
  if (observation.jobs.kind === 'unknown')
    return wait(`the Jobs could not be read: ${observation.jobs.cause}`);
  if (unfinishedStepDowns(observation.jobs.value).length > 0)
    return wait('an earlier step-down has not ended');
  const until = nextStepDownAt(status);
  if (until > context.now) return wait('a step-down follows another after 15 s at the earliest', { until });
  const attempt = (scaling.attempt ?? 0) + 1;
  return {
    kind: 'go',
    patch: { step: 'SteppingDown', attempt },
    statusPatch: { lastStepDownAt: timestamp(context.now) },
    effects: [job(input, 'step-down', pod, attempt)],
    events: [
      {
        type: 'Normal',
        reason: 'StepDownStarted',
        action: 'StepDown',
        note: `${pod} leads and is asked to step down.`,
      },
    ],
  };
}

/** Whether it stepped down, Raft says; what the Job says only ends the waiting. */
export function stepDown(input: ScaleInput): ScaleStep {
  const { peers } = input;
  const pod = leaving(input);
  const found = ownJob(input, 'step-down', pod);
  if (found.kind === 'unknown') return wait(found.cause);
  const { outcome, observed } = found.value;
  if (outcome === 'absent') return recreate(input, 'step-down', pod);
  if (outcome === 'running') return running(observed, `${pod} is asked to step down`);
  if (peers.leader.kind === 'known' && peers.leader.value !== pod) return { kind: 'go', patch: atRest };
  if (outcome === 'failed') return failed(observed, 'StepDownFailed');
  if (peers.leader.kind === 'unknown') return wait(`waiting for a new leader: ${peers.leader.cause}`);
  // It stepped down and leads again, which happens: once more, in time.
  return { kind: 'go', patch: { step: undefined } };
}

/** Whether it is removed, the configuration read back says (docs/design.md, rule 3). */
export function removePeer(input: ScaleInput): ScaleStep {
  const pod = leaving(input);
  const listed = isListed(input, pod);
  if (listed === false) return shrunk(input);
  const found = ownJob(input, 'remove-peer', pod);
  if (found.kind === 'unknown') return wait(found.cause);
  const { outcome, observed } = found.value;
  if (outcome === 'absent') {
    const { leader } = input.peers;
    if (leader.kind === 'known' && leader.value === pod) return { kind: 'go', patch: atRest };
    return notBegun(input, pod, listed);
  }
  if (outcome === 'running') return running(observed, `${pod} is being removed from Raft`);
  if (outcome === 'failed') {
    const { leader } = input.peers;
    // It came to lead meanwhile, which the executor refuses: it steps down first.
    if (leader.kind === 'known' && leader.value === pod) return { kind: 'go', patch: atRest };
    // Taken back: the Job can do nothing more, and the peer is still there.
    const isTakenBack = listed === true && input.wanted >= input.scaling.replicas;
    return isTakenBack
      ? { kind: 'go', patch: { ...atRest, operationId: input.context.newOperationId } }
      : failed(observed, 'RemovePeerFailed');
  }
  return wait(`${pod} is still in the Raft configuration`);
}

/**
 * Its Job waits until nobody else can be evicted, and much may happen until then. What must not go on is left at once:
 * while this step is recorded nothing else is removed, no lost disk repaired, and no other member let go.
 */
function notBegun(input: ScaleInput, pod: string, listed: boolean | undefined): ScaleStep {
  const { observation, scaling, wanted } = input;
  const unsafe = whyVolumeGoes(input, pod) ?? whyNotRemove(input, pod) ?? whyKeysWouldGo(input, pod);
  if (unsafe !== undefined) return listed === undefined ? wait(unsafe) : { kind: 'go', patch: atRest };
  // Where nothing holds it back its Job may be made already, and not be seen yet.
  const isTakenBack = wanted >= scaling.replicas && whyEvictable(observation.disruptionBudget) !== undefined;
  return isTakenBack ? { kind: 'go', patch: atRest } : remove(input, pod);
}

/** Waits for pod and StatefulSet, and deletes the volume: with its old data it could not join again. */
export function shrink(input: ScaleInput): ScaleStep {
  const { observation, scaling } = input;
  const { cluster, statefulSet } = observation;
  const pod = liveNames(cluster).pod(scaling.replicas);
  const pods = podsByName(observation);
  const claims = claimsByPod(observation);
  if (statefulSet.kind === 'unknown' || pods === undefined || claims === undefined) {
    return wait(`it could not be read whether ${pod} is deleted`);
  }
  const listed = isListed(input, pod);
  if (listed === undefined) return wait('the members are unknown');
  const isKept = (statefulSet.value?.spec?.replicas ?? 0) > scaling.replicas;
  // It joined before the StatefulSet was lowered: it is judged as a joiner again, and leaves as members do, for its
  // vote would be lost with its pod.
  if (listed && isKept) {
    const replicas = scaling.replicas + 1;
    return { kind: 'go', patch: { step: 'Joining', index: undefined, replicas }, statusPatch: { replicas } };
  }
  // It was not listed when it was taken down, and joined all the same before it was gone.
  if (listed) return removeLatecomer(input, pod);
  if (isKept || pods.has(pod)) {
    return wait(`waiting for ${pod} to be deleted`);
  }
  const claim = claims.get(pod);
  if (claim?.metadata.uid === undefined) {
    return {
      kind: 'go',
      patch: atRest,
      events: [
        {
          type: 'Normal',
          reason: 'MemberRemoved',
          action: 'Scale',
          note: `${pod} and its volume have been deleted.`,
        },
      ],
    };
  }
  const losing = whyVolumeGoes(input, pod);
  if (losing !== undefined) return wait(`${claim.metadata.name} is kept, for ${losing}`);
  return wait(`waiting for ${claim.metadata.name} to be deleted`, {
    effects: formerVolume(observation, claim),
  });
}

function removeLatecomer(input: ScaleInput, pod: string): ScaleStep {
  const { scaling, peers } = input;
  const found = ownJob(input, 'remove-peer', pod);
  if (found.kind === 'unknown') return wait(found.cause);
  const { outcome, observed } = found.value;
  if (outcome === 'running') return running(observed, `${pod} is being removed from Raft`);
  if (outcome === 'failed') return failed(observed, 'RemovePeerFailed');
  if (outcome === 'succeeded') {
    // That was before it joined.
    return wait(`${pod} has joined again`, { patch: { attempt: (scaling.attempt ?? 1) + 1 } });
  }
  if (peers.leader.kind === 'unknown' || peers.leader.value === pod)
    return wait(`${pod} is the leader, or there is no leader`);
  const unsafe = whyNotRemove(input, pod);
  return unsafe === undefined ? remove(input, pod) : wait(unsafe);
}

/** A vote goes, whereupon one more may be too many: none of those that are counted on is evicted meanwhile (C3). */
function remove(input: ScaleInput, pod: string): ScaleStep {
  const { observation, peers } = input;
  const evictable = whyEvictable(observation.disruptionBudget);
  if (evictable !== undefined) return wait(`${pod} is to be removed from Raft, but ${evictable}`);
  const reservation = reservationOf(observation.cluster, countedVoters(peers, pod));
  return recreate(input, 'remove-peer', pod, { reservation });
}

/** The peer is out: now the StatefulSet is one smaller. */
function shrunk({ scaling }: ScaleInput): ScaleStep {
  const replicas = scaling.replicas - 1;
  return { kind: 'go', patch: { step: 'Shrinking', replicas, index: undefined }, statusPatch: { replicas } };
}

const leaving = ({ observation, scaling }: ScaleInput) =>
  liveNames(observation.cluster).pod(scaling.replicas - 1);

/** Whether Raft lists it, as voter or not; undefined when that is not known. */
const isListed = ({ observation: { raft } }: ScaleInput, pod: string) =>
  raft.kind === 'unknown' ? undefined : raft.value.servers.some(({ id }) => id === pod);

/**
 * Why this peer must not be removed now. OpenBao checks no quorum itself (docs/facts/openbao.md, fact 6). One that
 * votes goes only when every other one is well, and its data lasts; one that does not, when the others that vote are a
 * quorum of those that remain.
 */
export function whyNotRemove(
  { observation, peers }: Pick<ScaleInput, 'observation' | 'peers'>,
  pod: string,
): string | undefined {
  const { raft } = observation;
  if (raft.kind === 'unknown') return `the members are unknown: ${raft.cause}`;
  const servers = raft.value.servers.filter(({ id }) => id !== pod);
  const voters = servers.filter(({ voter }) => voter).length;
  if (voters === 0) return `${pod} is the only voter`;
  const voting = countedVoters(peers, pod).length;
  if (voting < quorum(voters)) {
    return `without ${pod} only ${voting} of ${voters} voters are healthy; ${quorum(voters)} are needed`;
  }
  const leaver = peers.expected.find(({ name }) => name === pod);
  if (leaver === undefined || whyNoVote(leaver, peers) !== undefined) return undefined;
  const others = peers.expected.filter(({ name }) => name !== pod);
  const unfit = others.flatMap((peer) => whyUnhealthy(peer, peers) ?? []);
  return others.length - unfit.length === voters
    ? undefined
    : `${pod} is healthy and stays while others are not: ${unfit.join('; ')}`;
}

/**
 * Somebody has deleted its volume: whether that was meant, a person says first. Or another one's: what the one that
 * leaves holds may then be the last of it (L3).
 */
function whyVolumeGoes({ peers }: ScaleInput, pod: string): string | undefined {
  const own = peers.expected.filter(({ name }) => name === pod);
  const others = peers.expected.filter(({ name }) => name !== pod);
  return [...own, ...others].map(whyLosing).find((reason) => reason !== undefined);
}

/** The keys of sealable namespaces that would be lost with it, unless a person accepts that. */
function whyKeysWouldGo(
  { observation, status, peers, context }: ScaleInput,
  pod: string,
): string | undefined {
  const risk = keyRiskWithout(observation, peers, [pod], status.currentVersion);
  return risk === undefined || isAccepted(observation.cluster, undefined, context.now)
    ? undefined
    : `${risk.message}; spec.maintenance.enabled accepts it (${documents.sealables})`;
}

type Action = 'step-down' | 'remove-peer';

const stepOf = ({ scaling }: ScaleInput, action: Action, pod: string, attempt: number): ExecutorStep => ({
  action,
  operationId: scaling.operationId,
  pod,
  attempt,
});

const job = (input: ScaleInput, action: Action, pod: string, attempt: number) =>
  ({
    kind: 'create',
    object: executorJob(
      input.observation.cluster,
      stepOf(input, action, pod, attempt),
      input.context.settings,
    ),
  }) as const satisfies Effect;

/** It was recorded and is not seen: the effect was lost, or the cache lags. Its name makes a second one harmless. */
const recreate = (
  input: ScaleInput,
  action: Action,
  pod: string,
  more: { readonly reservation?: Reservation } = {},
): ScaleStep =>
  wait(`waiting for the Job that does ${action} on ${pod}`, {
    effects: [{ ...job(input, action, pod, input.scaling.attempt ?? 1), ...more }],
  });

function ownJob(input: ScaleInput, action: Action, pod: string): Known<FollowedJob> {
  const { jobs } = input.observation;
  if (jobs.kind === 'unknown') return unknown(`the Jobs could not be read: ${jobs.cause}`);
  return known(followedJob(jobs.value, job(input, action, pod, input.scaling.attempt ?? 1).object));
}

const running = (observed: ObservedJob | undefined, message: string) =>
  wait(`${message}${jobHindrance(observed) === undefined ? '' : `: ${jobHindrance(observed)}`}`);

const failed = (observed: ObservedJob | undefined, reason: HoldReasonOf<'Scaling'>): ScaleStep => ({
  kind: 'hold',
  reason,
  message: observed === undefined ? reason : jobFailure(observed),
});
