import { policyOf } from '../../../model/data-door.ts';
import { endpointPropagationMs } from '../../../model/limits.ts';
import { parseTimestamp, timestamp } from '../../../model/time.ts';
import { liveNames } from '../../../model/members.ts';
import { removeHalf, whyDataWouldGo } from '../removal.ts';
import { ensureByJob, deadServerCleanupSet } from '../jobs.ts';
import { whyKeysGoWithBlue } from '../keys-of-blue.ts';
import { areRemoved, whyNotRemovable } from '../membership.ts';
import { wait, type PhaseHandler, type PhaseInput, type Step } from '../phase.ts';

/**
 * Cleanup, the point of no return: clients are sent to green, and when every node knows that, blue's pods are stopped
 * and Raft forgets them. Both begin at once, and the Job takes seconds to start: a member that is removed and still
 * runs serves old values, and lets its clients' requests hang (docs/facts/openbao-measured.md, section 3). One that
 * votes, against all that was done, is not stopped: its removal fails. At last its volumes go, as `deletionPolicy`
 * says.
 */
export const cleanup: PhaseHandler = (input) => {
  const { observation, halves, blueGreen } = input;
  const { cluster } = observation;
  const learning = whyNotLearnt(input);
  if (learning !== undefined) return learning;
  // Once it stops, nobody can wait for it any more.
  const keys = isWhole(observation.statefulSet) ? whyKeysGoWithBlue(input) : undefined;
  if (keys !== undefined) return keys;
  const removed = areRemoved(input, halves.blue);
  const removing = ensureByJob(input, 'remove-blue-peers', removed);
  const isStoppable = removed !== undefined && whyNotRemovable(input, halves.blue) === undefined;
  const stopping = isStoppable
    ? removeHalf(input, {
        statefulSet: observation.statefulSet,
        name: liveNames(cluster).statefulSet,
        pods: halves.blue,
        deletesVolumes: removing === undefined && policyOf(cluster) !== 'Retain',
      })
    : undefined;
  const ending = both(stopping, removing);
  if (ending !== undefined) return whyDataWouldGo(input, input.green) ?? ending;
  const restored = blueGreen.deadServerCleanup === true ? deadServerCleanupSet(input, true) : undefined;
  return restored ?? { kind: 'finish' };
};

/** Whether blue is not being stopped yet. */
const isWhole = (statefulSet: PhaseInput['observation']['statefulSet']): boolean =>
  statefulSet.kind === 'unknown' ||
  (statefulSet.value !== undefined && statefulSet.value.metadata.deletionTimestamp === undefined);

/** Clients are not yet sent to green by every node. Never asked again once blue may have begun to stop. */
function whyNotLearnt(input: PhaseInput): Step | undefined {
  const { blueGreen, context } = input;
  const stored = parseTimestamp(blueGreen.servesSince);
  const unserved = stored === undefined ? whyNotServed(input) : undefined;
  if (unserved !== undefined) return wait(unserved);
  const servesSince = stored ?? context.now;
  const until = servesSince + endpointPropagationMs;
  if (context.now >= until) return undefined;
  const patch = { servesSince: timestamp(servesSince) };
  return wait('every node to route clients to the green pods', { patch, until });
}

/** What is done at the same time. What goes wrong with one counts before the other is waited for. */
function both(first: Step | undefined, second: Step | undefined): Step | undefined {
  if (first === undefined) return second;
  if (second === undefined || first.kind !== 'wait') return first;
  if (second.kind !== 'wait') return second;
  return {
    ...first,
    ...second,
    reason: `${second.reason}, and ${first.reason}`,
    effects: [...(first.effects ?? []), ...(second.effects ?? [])],
  };
}

/**
 * The public Service follows from the stored phase; until it does, clients may still be sent to blue. In the look
 * that begins Cleanup it was still compared with what it is before.
 */
function whyNotServed({ observation }: PhaseInput): string | undefined {
  const { cluster, drifted, refused = [] } = observation;
  if (cluster.status?.blueGreen?.phase !== 'Cleanup') return 'the public Service to select the green pods';
  if (drifted.kind === 'unknown') return `the Services could not be compared: ${drifted.cause}`;
  const service = [...drifted.value, ...refused.map(({ kind, name }) => ({ kind, metadata: { name } }))].find(
    ({ kind }) => kind === 'Service',
  );
  return service === undefined ? undefined : `Service ${service.metadata?.name} to select the green pods`;
}
