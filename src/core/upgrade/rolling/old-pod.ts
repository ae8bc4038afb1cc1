import type { Pod } from '../../../api/kubernetes.ts';
import { defined } from '../../../api/object-fields.ts';
import type { ClusterEvent, Effect } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';
import { whyEvictable } from '../../model/reservation.ts';
import { isReady, targetIn } from '../../model/selectors.ts';
import { whyLosing, whyOthersUnhealthy } from '../../raft/health.ts';
import type { Peer, Peers } from '../../raft/peers.ts';
import { reservationOf } from '../../workload/disruption-budget.ts';
import { event } from '../event.ts';

/** What a roll waits for, and does meanwhile. */
interface Waiting {
  readonly reason: string;
  readonly effects?: readonly Effect[];
  readonly events?: readonly ClusterEvent[];
}

interface Input {
  readonly observation: Observation;
  /** All that vote, of both halves where there are two. */
  readonly peers: Peers;
}

/**
 * The pod of before, or one of an older template. One that is Ready the StatefulSet controller replaces itself; a
 * broken one it may leave for ever (docs/facts/openbao-operator.md, 7.1, 12), so we delete it: only this ordinal,
 * only this very pod, and only while every other member is a healthy voter.
 *
 * @param note what the Event says of it
 */
export function replaceOld(input: Input, peer: Peer, pod: Pod, note: string): Waiting {
  const { peers } = input;
  const { name } = peer;
  if (isReady(pod)) return { reason: `the StatefulSet controller to replace ${name}` };
  const isAlone = peers.expected.length === 1;
  const unfit = whyLosing(peer) ?? (isAlone ? undefined : whyOthersUnhealthy(peers, name));
  if (unfit !== undefined) return { reason: `${name} is to be replaced, but ${unfit}` };
  return recreate(input, pod, 'which is broken', note);
}

/** Deletes this very pod, which its StatefulSet makes anew, as long as no other member has gone or can go. */
export function recreate(
  { observation, peers }: Input,
  { metadata }: Pod,
  which: string,
  note: string,
): Waiting {
  const { name = '', uid, resourceVersion } = metadata;
  const evictable = whyEvictable(observation.disruptionBudget);
  if (evictable !== undefined) return { reason: `${name} is to be replaced, but ${evictable}` };

  if (uid === undefined) return { reason: `${name} to be read` };
  const { cluster } = observation;
  const effect: Effect = {
    kind: 'delete',
    target: targetIn(cluster, 'v1', 'Pod', name),
    uid,
    // One that has come back to life by then has another version.
    ...defined({ resourceVersion }),
    reservation: reservationOf(
      cluster,
      peers.expected.filter((other) => other.name !== name),
    ),
  };
  return {
    reason: `${name}, ${which}, to be recreated`,
    effects: [effect],
    events: [event('Normal', 'BrokenPodDeleted', 'Delete', note)],
  };
}
