import { stepDownCandidates, survivesLossOf, whyBehind, whyLosing, whyUnhealthy } from '../../raft/health.ts';
import { quorum } from '../../raft/quorum.ts';
import { whyRemovalUnderWay } from '../../raft/removal.ts';
import { nextStepDownAt } from '../../raft/step-down.ts';
import { partitionFor, partitionOf } from '../../workload/partition.ts';
import { isAccepted, keyRiskWithout, type KeyRisk } from '../namespace-keys.ts';
import type { Blocked, PhaseInput } from './phase.ts';
import { whyNotOneAtATime } from './pods.ts';

type GateInput = Pick<PhaseInput, 'observation' | 'peers' | 'replicas' | 'upgrade'>;

/**
 * Why the pod of this ordinal must not be taken down now; undefined when it may. Everything that is not
 * known says no. Only the ordinal in work may be down: every other member is a healthy voter that has caught
 * up, and without this one they are a quorum of what Raft itself counts, not of spec.replicas
 * (docs/facts/openbao-operator.md, 11, 3). A single member has nobody to wait for. No namespace's keys go with it.
 */
export function whyNotTakeDown(input: GateInput, ordinal: number): Blocked | undefined {
  const { peers, replicas } = input;
  const down = peers.expected[ordinal];
  if (down === undefined) return { reason: `there is no ordinal ${ordinal}` };
  const losing = whyLosing(down);
  if (losing !== undefined) return { reason: losing };
  if (replicas === 1) return whyKeysWouldGo(input, ordinal);
  if (peers.leader.kind === 'unknown') return { reason: `no leader is known: ${peers.leader.cause}` };
  if (peers.leader.value === down.name) return { reason: `${down.name} leads` };
  const unfit = whyOthersNotFit(input, down.name) ?? whyNoQuorum(input, down.name);
  return unfit === undefined ? whyKeysWouldGo(input, ordinal) : { reason: unfit };
}

/**
 * Why the keys of a sealable namespace could be lost with this pod; undefined when they could not, or a person accepts
 * it. Where no clock is given, the phase has judged the time.
 */
export function whyKeysWouldGo(
  input: GateInput & Partial<Pick<PhaseInput, 'context'>>,
  ordinal: number,
): Blocked | undefined {
  const { observation, upgrade, replicas, context } = input;
  const risk = keysAtRisk(input, ordinal);
  if (risk === undefined) return undefined;
  // Nobody brings a single member's keys back.
  const since = replicas === 1 ? undefined : upgrade.phaseStartedAt;
  return isAccepted(observation.cluster, since, context?.now ?? Infinity)
    ? undefined
    : { reason: risk.message, overdue: risk.reason };
}

/** The same, whatever a person accepts. */
export function keysAtRisk({ observation, peers, upgrade }: GateInput, ordinal: number): KeyRisk | undefined {
  const stopping = peers.expected.slice(ordinal, ordinal + 1).map(({ name }) => name);
  return keyRiskWithout(observation, peers, stopping, upgrade.fromVersion);
}

/**
 * Why this leader must not be asked to step down now; undefined when it may.
 *
 * @param lagging a replaced pod that is up but still catches up. It may vote, and the next leader dials it
 *   anew; but it neither takes over nor counts towards the quorum that keeps writes going.
 */
export function whyNotStepDown(input: PhaseInput, ordinal: number, lagging?: string): Blocked | undefined {
  const { peers, status, context } = input;
  const leader = peers.expected[ordinal];
  if (leader === undefined) return { reason: `there is no ordinal ${ordinal}` };
  const losing = whyLosing(leader);
  if (losing !== undefined) return { reason: losing };
  if (peers.leader.kind === 'unknown') return { reason: `no leader is known: ${peers.leader.cause}` };
  const unfit = whyOthersNotFit(input, leader.name, lagging) ?? whyNoQuorum(input, leader.name);
  if (unfit !== undefined) return { reason: unfit };
  const candidates = stepDownCandidates(peers, leader.name, input.upgrade.referenceIndex).filter(
    ({ name }) => name !== lagging,
  );
  if (candidates.length === 0) return { reason: `no other healthy voter has caught up to take over` };
  const keys = whyKeysWouldGo(input, ordinal);
  if (keys !== undefined) return keys;
  const until = nextStepDownAt(status);
  return until <= context.now
    ? undefined
    : { reason: 'a step-down follows another after 15 s at the earliest', until };
}

function whyOthersNotFit(input: GateInput, name: string, lagging?: string): string | undefined {
  const { peers, observation } = input;
  // The repair of a disk may be about to take a vote away.
  const removal = whyRemovalUnderWay(observation.jobs);
  if (removal !== undefined) return removal;
  const loose = whyNotHeldBack(input);
  if (loose !== undefined) return loose;
  for (const peer of peers.expected) {
    if (peer.name === name) continue;
    const unfit =
      whyUnhealthy(peer, peers) ??
      (peer.name === lagging ? undefined : whyBehind(peer, input.upgrade.referenceIndex));
    if (unfit !== undefined) return unfit;
  }
  return undefined;
}

/**
 * Why the StatefulSet lets the StatefulSet controller at more than the pod in work; undefined when it does not. It is
 * put back as soon as it is seen; until then Kubernetes may be taking down another pod.
 */
function whyNotHeldBack({ observation, replicas, upgrade }: GateInput): string | undefined {
  const { statefulSet } = observation;
  if (statefulSet.kind === 'unknown') return `the StatefulSet could not be read: ${statefulSet.cause}`;
  const { value: live } = statefulSet;
  if (live === undefined) return undefined;
  const partition = partitionOf(live);
  const wanted = partitionFor({ initialized: true, upgrade }, replicas, live);
  return partition < wanted
    ? `the StatefulSet's partition is ${partition}, not ${wanted}; whoever sets it must stop`
    : whyNotOneAtATime(live);
}

function whyNoQuorum({ peers }: GateInput, name: string): string | undefined {
  if (peers.voters.kind === 'unknown') return `the voters are not known: ${peers.voters.cause}`;
  if (survivesLossOf(peers, name)) return undefined;
  const voters = peers.voters.value.length;
  return `without ${name} the healthy voters are not a quorum: ${quorum(voters)} of ${voters} are needed`;
}
