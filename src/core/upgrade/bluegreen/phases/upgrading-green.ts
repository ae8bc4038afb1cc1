import { whyAbsent, whyBehind, whyUnhealthy } from '../../../raft/health.ts';
import type { Peer } from '../../../raft/peers.ts';
import { newReference } from '../../../raft/reference.ts';
import { isReady } from '../../../model/selectors.ts';
import { partitionOfGreen } from '../../../workload/partition.ts';
import { whyNotStepDown, whyNotTakeDown } from '../../rolling/disruption-guard.ts';
import { replaceOld } from '../../rolling/old-pod.ts';
import { isOfNewestTemplate, whyNotInPlace } from '../../rolling/pods.ts';
import { whySealUnproved } from '../../rolling/seal-proof.ts';
import { event } from '../../event.ts';
import { keyRemedy } from '../../namespace-keys.ts';
import { isSameVersion } from '../../target.ts';
import { deadlineOf } from '../deadlines.ts';
import { whyGreenFailed } from '../green-health.ts';
import { greenRoll } from '../green-roll.ts';
import { hook } from '../hook.ts';
import { steppedDown } from '../jobs.ts';
import { advance, fail, wait, type PhaseHandler, type PhaseInput, type Step } from '../phase.ts';
import type { Roll } from '../../rolling/phase.ts';

/**
 * UpgradingGreen: green began as blue, for across 2.6 members get no votes from each other, and all vote. Now green's
 * pods are made anew on the target, the highest ordinal first, each only while every other member of both halves is a
 * healthy voter that has caught up: of six voters one is away at a time. Members of the two versions do not hear each
 * other's health, so autopilot's word does not count, here as anywhere
 * (docs/facts/openbao-2.6-measured.md, section 2). Then the hook.
 */
export const upgradingGreen: PhaseHandler = (input) => {
  const { blueGreen, halves, context, peers } = input;
  const failed = whyGreenFailed(input);
  if (failed !== undefined) return fail(failed.reason, failed.message);
  if (blueGreen.greenPartition === undefined) {
    return wait('the template of the target', {
      patch: { greenPartition: halves.green.length },
      until: context.now,
    });
  }
  // A member that starts anew keeps what it had applied: it is measured by an index from after that.
  const reference = newReference(blueGreen, peers);
  const at = reference === undefined ? input : { ...input, blueGreen: { ...blueGreen, ...reference } };
  const step = next(at, blueGreen.greenPartition);
  if (reference === undefined || step.kind === 'finish' || step.kind === 'finish-back') return step;
  return { ...step, patch: { ...reference, ...step.patch } };
};

function next(input: PhaseInput, partition: number): Step {
  const { green, blueGreen, status, observation, context } = input;
  const roll = greenRoll(observation, status, blueGreen);
  const { statefulSet } = roll.observation;
  const set = statefulSet.kind === 'known' ? statefulSet.value : undefined;
  const wanted = partitionOfGreen(blueGreen, green.length, set);
  const missing = whyNotInPlace(statefulSet, roll.upgrade, wanted);
  for (const peer of green.slice(partition).toReversed()) {
    const pending = whyNotUpgraded(input, roll, peer, missing);
    if (pending !== undefined) return pending;
  }
  // Held back from every pod, or every pod that it is not held back from is done.
  if (missing !== undefined) return wait(missing);
  const ordinal = partition - 1;
  const peer = green[ordinal];
  if (peer === undefined) return upgraded(input);
  const stepDown = whyLeads(input, roll, peer);
  if (stepDown !== undefined) return stepDown;
  const blocked = whyNotTakeDown(roll, ordinal);
  if (blocked !== undefined) return waitBlocked(input, blocked);
  const unproved = sealProved(input, roll);
  if (unproved !== undefined) return unproved;
  return wait(`${peer.name} to be replaced`, {
    patch: {
      greenPartition: ordinal,
      deadline: deadlineOf('UpgradingGreen', context.now, context.settings),
    },
    events: [
      event(
        'Normal',
        'ReplacingPod',
        'Replace',
        `${peer.name} is being replaced with ${blueGreen.greenImage}`,
      ),
    ],
    until: context.now,
  });
}

/** A pod whose turn has come; undefined when it runs the target, votes and has caught up. */
function whyNotUpgraded(
  input: PhaseInput,
  roll: Roll,
  peer: Peer,
  missing: string | undefined,
): Step | undefined {
  const { blueGreen, peers } = input;
  const { name, pod, member } = peer;
  const { statefulSet } = roll.observation;
  if (pod === undefined || statefulSet.kind === 'unknown') return wait(`${name} to be created`);
  if (pod.metadata.deletionTimestamp !== undefined) return wait(`${name} to end`);
  if (!isOfNewestTemplate(pod, statefulSet.value, roll.upgrade)) {
    // It may have come to lead since its turn was recorded, and then the partition is not lowered.
    const leads = whyLeads(input, roll, peer);
    if (leads !== undefined) return leads;
    if (missing !== undefined) return wait(missing);
    const { reason, ...more } = replaceOld(
      roll,
      peer,
      pod,
      `${name} runs an older template, and is not Ready`,
    );
    return wait(reason, more);
  }
  if (!isReady(pod)) return wait(`${name} to be Ready`);
  const { greenVersion = '' } = blueGreen;
  if (member.kind === 'known' && !isSameVersion(member.value.version, greenVersion)) {
    const what = `${name} reports version ${member.value.version}, not ${greenVersion}`;
    return fail('VersionMismatch', what);
  }
  const unfit = whyUnhealthy(peer, peers) ?? whyBehind(peer, blueGreen.referenceIndex);
  return unfit === undefined ? undefined : wait(unfit);
}

/** Blue leads all the while, unless it failed: a green member that came to lead hands over before it is taken down. */
function whyLeads(input: PhaseInput, roll: Roll, { name, ordinal }: Peer): Step | undefined {
  const job = steppedDown(input, name);
  const isToStart = job?.kind === 'wait' && (job.effects ?? []).length > 0;
  if (!isToStart) return job;
  const blocked = whyNotStepDown({ ...roll, context: input.context }, ordinal);
  return blocked === undefined ? job : waitBlocked(input, blocked);
}

type Blocked = NonNullable<ReturnType<typeof whyNotTakeDown>>;

function waitBlocked({ observation }: PhaseInput, { reason, until, overdue }: Blocked): Step {
  const keys = overdue === undefined ? undefined : keyRemedy(observation.cluster, overdue);
  return wait(reason, {
    ...(until === undefined ? {} : { until }),
    ...(overdue === 'NamespacesWouldSeal' || overdue === 'NamespaceSealsUnknown'
      ? { overdue: { reason: overdue, message: reason, ...keys } }
      : {}),
  });
}

/** The next pod could open its seal, on the target. */
function sealProved({ context }: PhaseInput, roll: Roll): Step | undefined {
  const unproved = whySealUnproved({ ...roll, context });
  if (unproved === undefined) return undefined;
  if (unproved.kind === 'hold') {
    const { message, remedy, commands } = unproved.failure;
    return {
      kind: 'hold',
      failure: { reason: 'SealUnproved', message, remedy, ...(commands === undefined ? {} : { commands }) },
    };
  }
  const { reason, effects = [] } = unproved as Extract<typeof unproved, { readonly kind: 'wait' }>;
  return wait(reason, { effects, overdue: { reason: 'SealUnproved', message: reason } });
}

/** All of them; the StatefulSet says so too, and green has proved what it is to prove. */
function upgraded(input: PhaseInput): Step {
  const { observation, peers, blueGreen } = input;
  const { greenStatefulSet } = observation;
  const { currentRevision, updateRevision } =
    (greenStatefulSet?.kind === 'known' ? greenStatefulSet.value?.status : undefined) ?? {};
  if (currentRevision === undefined || currentRevision !== updateRevision) {
    return wait(
      `the StatefulSet controller to finish: currentRevision ${currentRevision}, updateRevision ${updateRevision}`,
    );
  }
  for (const peer of peers.expected) {
    const absent = whyAbsent(peer, peers);
    if (absent !== undefined) return wait(absent);
  }
  const hooked = hook(input);
  if (hooked !== undefined) return hooked;
  const note = `every green member runs ${blueGreen.greenVersion}; a rollback is possible until one of them leads`;
  return advance('DemotingBlue', { events: [event('Normal', 'GreenUpgraded', 'UpgradeGreen', note)] });
}
