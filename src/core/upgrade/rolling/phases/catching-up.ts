import { whyBehind, whyUnhealthy } from '../../../raft/health.ts';
import { event } from '../../event.ts';
import { failure } from '../failure.ts';
import { whyNotStepDown } from '../disruption-guard.ts';
import { nextOrdinal } from '../next.ts';
import { hold, wait, type PhaseHandler, type PhaseInput, type Step } from '../phase.ts';
import { patched } from '../../../model/patch.ts';
import { isOfNewestTemplate } from '../pods.ts';
import { remedy } from '../remedy.ts';
import { startStepDown } from '../step-down.ts';
import { isSameVersion } from '../../target.ts';
import { twoClusters } from './pre-checks.ts';

/**
 * CatchingUp: the replaced pod is a voter of this very cluster and has applied what the leader had when it became
 * ready. Ready, 429 and autopilot's word come up to 10 s earlier (docs/facts/openbao-measured.md, 0.3). Then the
 * next ordinal's turn comes.
 */
export const catchingUp: PhaseHandler = (input) => {
  const { upgrade, peers, observation } = input;
  if (peers.clusterIds.size > 1) return hold(twoClusters(input));
  const [entry] = upgrade.catchUp ?? [];
  if (entry === undefined) return nextOrdinal(input);
  const peer = peers.expected[entry.ordinal];
  const { statefulSet } = observation;
  if (peer?.pod === undefined || statefulSet.kind === 'unknown')
    return wait(`ordinal ${entry.ordinal} to have a pod`);
  const { pod, name, member } = peer;
  if (!isOfNewestTemplate(pod, statefulSet.value, upgrade))
    return wait(`${name} to have the newest template`);
  const uid = pod.metadata.uid;
  if (uid !== undefined && uid !== entry.podUID) {
    // It was made anew meanwhile: what was measured of the one before says nothing of this one.
    return wait(`${name}, recreated, to catch up`, { patch: { catchUp: [{ ...entry, podUID: uid }] } });
  }
  if (
    member.kind === 'known' &&
    !member.value.sealed &&
    !isSameVersion(member.value.version, upgrade.targetVersion ?? '')
  ) {
    const what = `${name} reports version ${member.value.version}, not ${upgrade.targetVersion}`;
    return hold(failure('VersionMismatch', what, remedy(input, 'the image must have that version')));
  }
  const unhealthy = whyUnhealthy(peer, peers);
  if (unhealthy !== undefined) return wait(unhealthy);
  const behind = whyBehind(peer, upgrade.referenceIndex);
  return behind === undefined ? caughtUp(input, entry.ordinal) : (overlap(input) ?? wait(behind));
};

function caughtUp(input: PhaseInput, ordinal: number): Step {
  const { upgrade, peers } = input;
  const completedPods = [
    ...(upgrade.completedPods ?? []).filter((each) => each !== ordinal),
    ordinal,
  ].toSorted((a, b) => a - b);
  const patch = { completedPods, catchUp: undefined, replacing: undefined } as const;
  const next = nextOrdinal({ ...input, upgrade: patched(upgrade, patch) });
  const name = peers.expected[ordinal]?.name;
  const done = event(
    'Normal',
    'PodUpgraded',
    'CatchUp',
    `${name} runs ${upgrade.targetImage} and has caught up`,
  );
  if (next.kind === 'finish') return next;
  return { ...next, patch: { ...patch, ...next.patch }, events: [done, ...(next.events ?? [])] };
}

/**
 * The next pod's step-down may begin while this one still catches up, which saves up to 10 s of each, for the old
 * leader cannot exit before its 10 s block ends (docs/facts/openbao-measured.md, 0.6). It is safe because:
 * - a step-down takes no voter away; the old leader goes on replicating as a follower. So without the lagging
 *   pod, the caught-up voters with the old leader are a quorum, and writes go on;
 * - an heir that has caught up exists besides the lagging pod, and on the target, so that leadership need not
 *   move once more; leadership transfer picks who has the most, and the new leader dials the lagging pod anew;
 * - the next pod is taken down only after this one has caught up: the partition stays.
 */
function overlap(input: PhaseInput): Step | undefined {
  const { upgrade, peers, replicas, observation } = input;
  const ordinal = (upgrade.currentPartition ?? replicas) - 1;
  const next = peers.expected[ordinal];
  const [entry] = upgrade.catchUp ?? [];
  if (next === undefined || entry === undefined || peers.leader.kind === 'unknown') return undefined;
  if (peers.leader.value !== next.name) return undefined;
  const heir = (upgrade.completedPods ?? []).some((completed) => {
    const peer = peers.expected[completed];
    const { statefulSet } = observation;
    return (
      peer?.pod !== undefined &&
      statefulSet.kind === 'known' &&
      isOfNewestTemplate(peer.pod, statefulSet.value, upgrade) &&
      whyUnhealthy(peer, peers) === undefined &&
      whyBehind(peer, upgrade.referenceIndex) === undefined
    );
  });
  if (!heir) return undefined;
  const lagging = peers.expected[entry.ordinal]?.name;
  return whyNotStepDown(input, ordinal, lagging) === undefined ? startStepDown(input, ordinal) : undefined;
}
