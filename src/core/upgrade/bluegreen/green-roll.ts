import type { BlueGreenUpgrade, OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import type { Observation } from '../../model/observation.ts';
import { unknown } from '../../model/known.ts';
import { activeBlueGreen } from '../../model/blue-green.ts';
import { peersOfHalves } from '../../raft/peers.ts';
import type { Roll } from '../rolling/phase.ts';

/**
 * The upgrade of green in place as a rolling one: its StatefulSet, its pods by ordinals, and blue's members beside them,
 * who vote too. The target's pods are those from greenPartition up.
 */
export function greenRoll(
  observation: Observation,
  status: OpenBaoClusterStatus,
  blueGreen: BlueGreenUpgrade,
): Roll {
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
        held: blueGreen.held,
        phaseStartedAt: blueGreen.phaseStartedAt,
        referenceIndex: blueGreen.referenceIndex,
      }),
    },
  };
}

/** The same where pods of green are being made anew in place; undefined while they are not. */
export function rollOfGreen(observation: Observation, status: OpenBaoClusterStatus): Roll | undefined {
  const blueGreen = activeBlueGreen(status);
  return blueGreen?.phase === 'UpgradingGreen' ? greenRoll(observation, status, blueGreen) : undefined;
}
