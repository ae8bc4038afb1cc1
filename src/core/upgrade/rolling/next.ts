import { defined } from '../../../api/object-fields.ts';
import type { ClusterEvent } from '../../model/decision.ts';
import { event } from '../event.ts';
import { keysAtRisk, whyNotStepDown, whyNotTakeDown } from './disruption-guard.ts';
import { advance, wait, waitBlocked, type PhaseInput, type Step } from './phase.ts';
import { isOfNewestTemplate } from './pods.ts';
import { whySealUnproved } from './seal-proof.ts';
import { startStepDown } from './step-down.ts';

/**
 * What comes after every ordinal from the partition up runs the target: the next ordinal below, the end,
 * or waiting until the next one may be taken.
 */
export function nextOrdinal(input: PhaseInput): Step {
  const { upgrade, peers, replicas, observation } = input;
  const ordinal = (upgrade.currentPartition ?? replicas) - 1;
  if (ordinal < 0) return advance('Finalizing');
  const peer = peers.expected[ordinal];
  if (peer === undefined) return wait(`there is no ordinal ${ordinal}`);
  const { name, pod } = peer;
  const { statefulSet } = observation;
  const uid = pod?.metadata.uid;
  if (
    pod !== undefined &&
    uid !== undefined &&
    statefulSet.kind === 'known' &&
    isOfNewestTemplate(pod, statefulSet.value, upgrade)
  ) {
    // Nothing to replace: after a revert, or when a person has deleted it.
    return advance('CatchingUp', {
      patch: { currentPartition: ordinal, replacing: { ordinal }, catchUp: [{ ordinal, podUID: uid }] },
    });
  }
  if (replicas > 1 && peers.leader.kind === 'known' && peers.leader.value === name) {
    const blocked = whyNotStepDown(input, ordinal);
    return blocked === undefined
      ? (whySealUnproved(input) ?? startStepDown(input, ordinal))
      : waitBlocked(blocked);
  }
  const blocked = whyNotTakeDown(input, ordinal);
  if (blocked !== undefined) return waitBlocked(blocked);
  const unproved = whySealUnproved(input);
  if (unproved !== undefined) return unproved;
  return advance('Replacing', {
    patch: {
      currentPartition: ordinal,
      replacing: { ordinal, ...defined({ oldPodUID: uid }) },
      stepDown: undefined,
    },
    events: [
      ...keysGoing(input, ordinal),
      event('Normal', 'ReplacingPod', 'Replace', `${name} is being replaced with ${upgrade.targetImage}`),
    ],
  });
}

/** What a person accepts, or nothing would get here. */
function keysGoing(input: PhaseInput, ordinal: number): readonly ClusterEvent[] {
  const risk = keysAtRisk(input, ordinal);
  if (risk === undefined) return [];
  return [event('Warning', risk.reason, 'Replace', `in maintenance: ${risk.message}`.slice(0, 1024))];
}
