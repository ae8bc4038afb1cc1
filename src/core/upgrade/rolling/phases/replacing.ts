import type { Pod } from '../../../../api/kubernetes.ts';
import { defined } from '../../../../api/object-fields.ts';
import { leaderIndex } from '../../../raft/health.ts';
import { partitionFor } from '../../../workload/partition.ts';
import type { Peer } from '../../../raft/peers.ts';
import { isReady } from '../../../model/selectors.ts';
import { deadlineOf } from '../deadlines.ts';
import { whyNotTakeDown } from '../disruption-guard.ts';
import { advance, wait, waitBlocked, type PhaseHandler, type PhaseInput, type Step } from '../phase.ts';
import { recreate, replaceOld } from '../old-pod.ts';
import { isOfNewestTemplate, whyNotInPlace } from '../pods.ts';
import { whySealUnproved } from '../seal-proof.ts';

/**
 * Replacing: the partition has come down by one ordinal, and its pod is made anew from the target's template.
 * Only that exact pod counts: another UID than before, the newest template, the target's image; then Ready
 * and unsealed.
 */
export const replacing: PhaseHandler = (input) => {
  const { observation, upgrade, peers, replicas, context } = input;
  const ordinal = upgrade.currentPartition ?? 0;
  const set = observation.statefulSet.kind === 'known' ? observation.statefulSet.value : undefined;
  // It is lower than the ordinal in work where somebody has lowered it, and more pods were made anew by then.
  const partition = partitionFor({ initialized: true, upgrade }, replicas, set);
  const missing = whyNotInPlace(observation.statefulSet, upgrade, partition);
  if (missing !== undefined) return wait(missing);
  const peer = peers.expected[ordinal];
  const { statefulSet } = observation;
  if (peer?.pod === undefined || statefulSet.kind === 'unknown')
    return wait(`pod of ordinal ${ordinal} to be created`);
  const { pod, name, member } = peer;
  const uid = pod.metadata.uid;
  if (pod.metadata.deletionTimestamp !== undefined) return wait(`${name} to end`);
  if (uid === undefined || !isOfNewestTemplate(pod, statefulSet.value, upgrade))
    return madeAnew(input, peer, pod);
  // The newest template's, but the one of before a retry: unless it has recovered, it is made anew.
  if (!isReady(pod) && uid === upgrade.replacing?.oldPodUID) return madeAnew(input, peer, pod);
  if (!isReady(pod)) return wait(`${name} to be Ready${whyWaiting(pod)}`);
  if (member.kind === 'unknown') {
    const isOfBefore = uid === upgrade.replacing?.oldPodUID;
    return isOfBefore ? replaceUnread(input, pod) : wait(`${name} to answer: ${member.cause}`);
  }
  if (member.value.sealed || !member.value.initialized) return wait(`${name} to be unsealed`);
  // Taken when it is ready, once; taken as soon as there is a leader when there is none now.
  const index = leaderIndex(peers);
  return advance('CatchingUp', {
    patch: {
      referenceIndex: index,
      catchUp: [
        {
          ordinal,
          podUID: uid,
          ...defined({ index }),
          deadline: deadlineOf('CatchingUp', context.now, context.settings),
        },
      ],
    },
  });
};

function madeAnew(input: PhaseInput, peer: Peer, pod: Pod): Step {
  const note = `${peer.name} runs an older template or blocks the upgrade, and is not Ready`;
  const { reason, ...more } = replaceOld(input, peer, pod, note);
  return wait(reason, more);
}

/** Ready, not understood for a whole step, and a person asked for a retry: taken down as any other that is up. */
function replaceUnread(input: PhaseInput, pod: Pod): Step {
  const name = pod.metadata.name ?? '';
  const blocked = whyNotTakeDown(input, input.upgrade.currentPartition ?? 0);
  if (blocked !== undefined) {
    return waitBlocked({ ...blocked, reason: `${name} is to be replaced, but ${blocked.reason}` });
  }
  const unproved = whySealUnproved(input);
  if (unproved !== undefined) return unproved;
  const note = `${name} blocks the upgrade: it is Ready, but cannot be understood`;
  const { reason, ...more } = recreate(input, pod, 'which cannot be understood', note);
  return wait(reason, more);
}

/** What the kubelet says, such as ImagePullBackOff. */
function whyWaiting({ status }: Pod): string {
  const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting !== undefined)?.state
    ?.waiting;
  return waiting?.reason === undefined
    ? ''
    : ` (${[waiting.reason, waiting.message].filter(Boolean).join(': ')})`;
}
