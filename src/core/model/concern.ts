/** How decisions about one object are put together from parts, of every kind that is driven. */
import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { Explanation, Remedy } from './explanation.ts';
import type { HoldReason } from '../../api/hold-reasons.ts';
import type { DecidedEvent } from './effect.ts';

/** What one concern comes to: the status so far, carried on, and what it adds. */
export interface ConcernResultOf<Status, Effect> {
  readonly status: Status;
  readonly effects: readonly Effect[];
  readonly events: readonly DecidedEvent[];
  /** When to look again even if nothing happens, in milliseconds since the epoch. */
  readonly requeueAt?: number;
  /** What it waits for, or needs from a person; the conditions tell. */
  readonly notices?: readonly Notice[];
}

export interface Notice extends Explanation {
  /** `waiting` resumes by itself; `held` needs a person. */
  readonly kind: 'waiting' | 'held';
  /** One CamelCase word. */
  readonly reason: string;
  /** The same words as long as the cause is the same. */
  readonly message: string;
}

/** Decides about one concern. `status` is what the parts before it came to. */
export type ConcernOf<Observation, Status, Context, Effect> = (
  observation: Observation,
  status: Status,
  context: Context,
) => ConcernResultOf<Status, Effect>;

/** Nothing to do but to wait, or nothing at all. */
export const unchanged = <Status>(
  status: Status,
  ...notices: readonly Notice[]
): ConcernResultOf<Status, never> => ({
  status,
  effects: [],
  events: [],
  ...(notices.length === 0 ? {} : { notices }),
});

export const waiting = (reason: string, message: string): Notice => ({ kind: 'waiting', reason, message });

/** What a pause keeps from being changed; nothing where all is as it should be. */
export const pendingChildren = (drifted: readonly KubernetesObject[]): readonly Notice[] => {
  const list = drifted.map(({ kind, metadata }) => `${kind} ${metadata?.name}`).join(', ');
  return list === '' ? [] : [waiting('ChildrenPending', `the change of ${list}`)];
};

export const held = (reason: HoldReason, message: string, remedy: Remedy): Notice => ({
  kind: 'held',
  reason,
  message,
  ...remedy,
});

/** One part after another, each with the status of those before it. */
export function runConcerns<Observation, Status, Context, Effect>(
  parts: readonly ConcernOf<Observation, Status, Context, Effect>[],
  observation: Observation,
  status: Status,
  context: Context,
): ConcernResultOf<Status, Effect> & { readonly notices: readonly Notice[] } {
  let now: Status = status;
  const effects: Effect[] = [];
  const events: DecidedEvent[] = [];
  const notices: Notice[] = [];
  const times: number[] = [];
  for (const part of parts) {
    const result = part(observation, now, context);
    now = result.status;
    effects.push(...result.effects);
    events.push(...result.events);
    notices.push(...(result.notices ?? []));
    if (result.requeueAt !== undefined) times.push(result.requeueAt);
  }
  return {
    status: now,
    effects,
    events,
    notices,
    ...(times.length === 0 ? {} : { requeueAt: Math.min(...times) }),
  };
}
