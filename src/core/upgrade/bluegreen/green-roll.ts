import type { BlueGreenUpgrade, OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import type { Observation } from '../../model/observation.ts';
import { unknown } from '../../model/known.ts';
import { activeBlueGreen } from '../../model/blue-green.ts';
import { peersOfHalves } from '../../raft/peers.ts';
import { loweringTo, type Lowering } from '../rolling/partition-guard.ts';
import type { PhaseInput as RollingInput } from '../rolling/phase.ts';

/** What the gates of a rolling upgrade ask about. */
export type GreenRoll = Omit<RollingInput, 'context'>;

/**
 * The upgrade of green in place as a rolling one: its StatefulSet, its pods by ordinals, and blue's members beside them,
 * who vote too. The target's pods are those from greenPartition up.
 */
export function greenRoll(
  observation: Observation,
  status: OpenBaoClusterStatus,
  blueGreen: BlueGreenUpgrade,
): GreenRoll {
  const { operationId, blueVersion, blueImage, greenVersion, greenImage, greenPartition } = blueGreen;
  const replicas = blueGreen.blueReplicas ?? status.replicas ?? 0;
  const peers = peersOfHalves(observation, replicas, status.clusterID);
  const blue = peers.expected.slice(0, replicas);
  return {
    observation: {
      ...observation,
      statefulSet: observation.greenStatefulSet ?? unknown('it has not been observed yet'),
    },
    status,
    replicas,
    peers: { ...peers, expected: [...peers.expected.slice(replicas), ...blue] },
    upgrade: {
      phase: 'Replacing',
      ...defined({
        operationId,
        fromVersion: blueVersion,
        fromImage: blueImage,
        targetVersion: greenVersion,
        targetImage: greenImage,
        currentPartition: greenPartition,
        phaseStartedAt: blueGreen.phaseStartedAt,
        referenceIndex: blueGreen.referenceIndex,
      }),
    },
  };
}

/**
 * Whether the partition of green's StatefulSet may come down to this one now. The gate is asked
 * when the status records the pod in work, and here once more when the StatefulSet is applied.
 *
 * @param status with what this pass came to
 */
export function loweringOfGreen(
  observation: Observation,
  status: OpenBaoClusterStatus,
  partition: number,
): Lowering {
  const blueGreen = activeBlueGreen(status);
  if (blueGreen?.phase !== 'UpgradingGreen') return {};
  return loweringTo(greenRoll(observation, status, blueGreen), partition, {
    isHeld: blueGreen.held === true,
    isBroken: status.breakGlass?.active === true,
  });
}
