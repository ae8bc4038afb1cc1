import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../api/openbaocluster.ts';
import type { Observation } from '../../model/observation.ts';
import { wantedReplicas } from '../../model/selectors.ts';
import { known } from '../../model/known.ts';
import type { Reservation } from '../../model/effect.ts';
import { whyEvictable } from '../../model/reservation.ts';
import { peersOf } from '../../raft/peers.ts';
import { isRolling } from '../../model/rolling.ts';
import { partitionOf } from '../../workload/partition.ts';
import { reservationOf } from '../../workload/disruption-budget.ts';
import { whyNotTakeDown } from './disruption-guard.ts';
import { advance, type PhaseInput, type Roll, type Step } from './phase.ts';
import { isOfNewestTemplate, whyNotInPlace } from './pods.ts';

/** Whether a StatefulSet's partition may come down to another one: why not, or what it rests on where it takes a pod down. */
export interface Lowering {
  readonly blocked?: string;
  readonly reservation?: Reservation;
}

/** The rolling upgrade of the StatefulSet that serves; undefined while none takes pods down. */
export function liveRoll(observation: Observation, status: OpenBaoClusterStatus): Roll | undefined {
  const { upgrade } = status;
  if (upgrade === undefined || !isRolling(upgrade.phase)) return undefined;
  const replicas = status.replicas ?? wantedReplicas(observation.cluster);
  const peers = peersOf(observation, replicas, status.clusterID);
  return { observation, status, upgrade, peers, replicas };
}

/**
 * Whether the partition of a roll's StatefulSet may come down to this one now. The gate is
 * asked when the status records the ordinal in work, and here once more when the StatefulSet is applied: a
 * crash, a lost lease or a pause may lie in between, in which a member died or the pod in work came to lead.
 *
 * @param roll with the status that this pass came to; undefined while none takes pods down
 */
export function lowering(roll: Roll | undefined, partition: number): Lowering {
  if (roll === undefined) return {};
  const ordinals = takenDownAt(roll, partition);
  if (ordinals.length === 0) return {};
  const { observation, peers, upgrade, status } = roll;
  if (upgrade.held === true) return { blocked: 'the upgrade holds' };
  if (status.breakGlass?.active === true) return { blocked: 'an incident is open' };
  const blocked = whyNotAll(roll, ordinals) ?? whyEvictable(observation.disruptionBudget);
  if (blocked !== undefined) return { blocked };
  const staying = peers.expected.filter((_, ordinal) => !ordinals.includes(ordinal));
  return { reservation: reservationOf(observation.cluster, staying) };
}

/**
 * The ordinal in work was recorded, but the StatefulSet controller has not been let at it yet, and may not be
 * now: its turn comes anew, with a step-down if it leads. `replacing` stays, for the partition may have come
 * down unseen: nothing counts as untouched any more.
 */
export function takenBack(input: PhaseInput): Step | undefined {
  const { upgrade } = input;
  const { phase, currentPartition, completedPods = [] } = upgrade;
  if (currentPartition === undefined || (phase !== 'Replacing' && phase !== 'CatchingUp')) return undefined;
  const ordinals = takenDownAt(input, currentPartition);
  if (whyNotAll(input, ordinals) === undefined) return undefined;
  const partition = Math.max(...ordinals) + 1;
  return advance('CatchingUp', {
    patch: {
      currentPartition: partition,
      completedPods: completedPods.filter((ordinal) => ordinal >= partition),
      catchUp: undefined,
      replacing: { ordinal: partition - 1 },
    },
  });
}

type Input = Pick<PhaseInput, 'observation' | 'upgrade' | 'peers' | 'replicas'>;

/** The ordinals that the StatefulSet controller would be let at: all between the partitions that are not the target's yet. */
function takenDownAt({ observation, upgrade, peers, replicas }: Input, partition: number): readonly number[] {
  const { statefulSet } = observation;
  if (statefulSet.kind === 'unknown' || statefulSet.value === undefined) return [];
  const live = statefulSet.value;
  const from = Math.min(partitionOf(live), replicas);
  const isTarget = whyNotInPlace(known(live), upgrade, from) === undefined;
  const isDone = (ordinal: number) => {
    const pod = peers.expected[ordinal]?.pod;
    return isTarget && pod !== undefined && isOfNewestTemplate(pod, live, upgrade);
  };
  return Array.from({ length: Math.max(0, from - partition) }, (_, index) => partition + index).filter(
    (ordinal) => !isDone(ordinal),
  );
}

function whyNotAll(input: Input, ordinals: readonly number[]): string | undefined {
  const [ordinal] = ordinals;
  if (ordinal === undefined) return undefined;
  if (ordinals.length > 1 && input.replicas > 1) {
    const names = ordinals.map((each) => input.peers.expected[each]?.name).join(' and ');
    return `${names} would be stopped together`;
  }
  return whyNotTakeDown(input, ordinal)?.reason;
}

/** The lowest ordinal that the StatefulSet controller may have been let at. */
export const lowestTouched = ({ currentPartition, replacing }: RollingUpgrade, replicas: number): number =>
  Math.min(currentPartition ?? replicas, replacing?.ordinal ?? replicas);
