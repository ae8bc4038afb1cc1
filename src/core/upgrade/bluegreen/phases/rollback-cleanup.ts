import { unknown } from '../../../model/known.ts';
import { greenNames } from '../../../model/members.ts';
import { ensureByJob, deadServerCleanupSet } from '../jobs.ts';
import { areRemoved, whyNotRemovable } from '../membership.ts';
import { advance, type PhaseHandler } from '../phase.ts';
import { removeHalf, whyDataWouldGo } from '../removal.ts';

/**
 * RollbackCleanup: Raft forgets green, by exact names and never a voter, then its StatefulSet, pods and volumes go:
 * with their data its members could never join again (docs/facts/openbao-operator.md, 7.1, 1, 5 and 8).
 */
export const rollbackCleanup: PhaseHandler = (input) => {
  const { observation, halves, blueGreen } = input;
  if (whyNotRemovable(input, halves.green) !== undefined) return advance('RollingBack');
  const step = ensureByJob(input, 'remove-green-peers', areRemoved(input, halves.green));
  if (step !== undefined) return whyDataWouldGo(input, input.blue) ?? step;
  const remains = removeHalf(input, {
    statefulSet: observation.greenStatefulSet ?? unknown('it was not observed'),
    name: greenNames(observation.cluster)?.statefulSet ?? '',
    pods: halves.green,
    deletesVolumes: true,
  });
  if (remains !== undefined) return whyDataWouldGo(input, input.blue) ?? remains;
  const restored = blueGreen.deadServerCleanup === true ? deadServerCleanupSet(input, true) : undefined;
  return restored ?? { kind: 'finish-back' };
};
