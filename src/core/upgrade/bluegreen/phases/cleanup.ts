import { liveNames } from '../../../workload/members.ts';
import { removeHalf } from '../removal.ts';
import { carriedOut, deadServerCleanupSet } from '../jobs.ts';
import { areRemoved } from '../membership.ts';
import { wait, type PhaseHandler, type PhaseInput } from '../phase.ts';

/**
 * Cleanup, the point of no return: clients are sent to green, Raft forgets blue, and at once blue's pods are
 * stopped: a member that was removed still serves old values (openbao-measured.md, section 3). Its volumes go as
 * `deletionPolicy` says.
 */
export const cleanup: PhaseHandler = (input) => {
  const { observation, halves, blueGreen } = input;
  const { cluster } = observation;
  const unserved = whyNotServed(input);
  if (blueGreen.peersRemoved !== true && unserved !== undefined) return wait(unserved);
  const step = carriedOut(input, 'remove-blue-peers', areRemoved(input, halves.blue));
  if (step !== undefined) return step;
  const remains = removeHalf(input, {
    statefulSet: observation.statefulSet,
    name: liveNames(cluster).statefulSet,
    pods: halves.blue,
    deletesVolumes: (cluster.spec.deletionPolicy ?? 'Retain') !== 'Retain',
  });
  if (remains !== undefined) return remains;
  const restored = blueGreen.deadServerCleanup === true ? deadServerCleanupSet(input, true) : undefined;
  return restored ?? { kind: 'finish' };
};

/**
 * The public Service follows from the stored phase; until it does, clients may still be sent to blue. In the look
 * that begins Cleanup it was still compared with what it is before.
 */
function whyNotServed({ observation }: PhaseInput): string | undefined {
  const { cluster, drifted, refused = [] } = observation;
  if (cluster.status?.blueGreen?.phase !== 'Cleanup') return 'the public Service to select green';
  if (drifted.kind === 'unknown') return `the Services could not be compared: ${drifted.cause}`;
  const service = [...drifted.value, ...refused.map(({ kind, name }) => ({ kind, metadata: { name } }))].find(
    ({ kind }) => kind === 'Service',
  );
  return service === undefined ? undefined : `Service ${service.metadata?.name} to select green`;
}
