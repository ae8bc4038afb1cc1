import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { ClusterEvent, Decision, DecisionContext, Effect } from './decision.ts';
import type { Observation } from './observation.ts';

/** What one concern of a cluster's life comes to: the status so far, carried on, and what it adds. */
export interface Part extends Decision {
  /** What it waits for, or needs from a person; the conditions tell. */
  readonly notices?: readonly Notice[];
}

export interface Notice {
  /** `waiting` resumes by itself; `held` needs a person. */
  readonly kind: 'waiting' | 'held';
  /** One CamelCase word. */
  readonly reason: string;
  /** In words; for `held` with what to do now. The same words as long as the cause is the same. */
  readonly message: string;
}

/** Decides about one concern. `status` is what the parts before it came to. */
export type DecidePart = (
  observation: Observation,
  status: OpenBaoClusterStatus,
  context: DecisionContext,
) => Part;

/** Nothing to do but to wait, or nothing at all. */
export const only = (status: OpenBaoClusterStatus, ...notices: readonly Notice[]): Part => ({
  status,
  effects: [],
  events: [],
  ...(notices.length === 0 ? {} : { notices }),
});

export const waiting = (reason: string, message: string): Notice => ({ kind: 'waiting', reason, message });
export const held = (reason: string, message: string): Notice => ({ kind: 'held', reason, message });

/** One part after another, each with the status of those before it. */
export function inTurn(
  parts: readonly DecidePart[],
  observation: Observation,
  status: OpenBaoClusterStatus,
  context: DecisionContext,
): Part & { readonly notices: readonly Notice[] } {
  let now: OpenBaoClusterStatus = status;
  const effects: Effect[] = [];
  const events: ClusterEvent[] = [];
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
