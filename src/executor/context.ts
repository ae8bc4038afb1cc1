import { setTimeout as sleep } from 'node:timers/promises';
import type { Known } from '../core/model/known.ts';
import type { PodOfAddress } from '../io/openbao/member.ts';
import type { OpenBaoSession } from '../io/openbao/session.ts';
import type { OpenBaoNode } from '../io/openbao/node.ts';
import type { Logger } from '../io/logger.ts';

/** What an action that talks to OpenBao works with. */
export interface ExecutorContext {
  /** Name of the cluster, which is its StatefulSet's. */
  readonly cluster: string;
  /** Every pod that is or may be a member, by its exact name. */
  readonly members: ReadonlyMap<string, OpenBaoNode>;
  readonly podOf: PodOfAddress;
  readonly role: string;
  readonly session: OpenBaoSession;
  readonly deadline: Deadline;
  readonly log: Logger;
}

/** By when an action must have ended, its report included. */
export interface Deadline {
  /** Milliseconds left; 0 when it has passed or the process was told to end. */
  left(): number;
  readonly signal: AbortSignal;
}

export function deadlineIn(milliseconds: number, signal: AbortSignal): Deadline {
  const end = performance.now() + milliseconds;
  return { left: () => (signal.aborted ? 0 : Math.max(0, end - performance.now())), signal };
}

/** An earlier deadline within one. */
export const within = (deadline: Deadline, part: number): Deadline =>
  deadlineIn(deadline.left() * part, deadline.signal);

/** At most that many milliseconds of a deadline. */
export const atMost = (deadline: Deadline, milliseconds: number): Deadline =>
  deadlineIn(Math.min(deadline.left(), milliseconds), deadline.signal);

const pollMs = 200;

/**
 * Looks until it is known, or the deadline passes: then the cause is what was still missing at the last look, a
 * clause such as "nobody leads".
 */
export async function until<T>(deadline: Deadline, look: () => Promise<Known<T>>): Promise<Known<T>> {
  for (;;) {
    const seen = await look();
    if (seen.kind === 'known' || deadline.left() === 0) return seen;
    // Told to end: the next look is the last.
    await sleep(Math.min(pollMs, deadline.left()), undefined, { signal: deadline.signal }).catch(() => {});
  }
}
