import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { OpenBaoRestore, OpenBaoRestoreStatus } from '../../api/openbaorestore.ts';
import type { ObservedJob } from '../model/observation.ts';
import type { DecidedEvent } from '../model/effect.ts';
import type { RestoreContext, RestoreEffect } from './decision.ts';
import type { RestoreFailure } from './failure.ts';

type RestorePhase = NonNullable<OpenBaoRestoreStatus['phase']>;
/** The phases in which something is done or awaited. */
export type ActivePhase = Exclude<RestorePhase, 'Complete' | 'Failed'>;

/** Fields of the status to set; `undefined` removes one. */
type StatusPatch = {
  readonly [Key in keyof OpenBaoRestoreStatus]?: OpenBaoRestoreStatus[Key] | undefined;
};

/** What a phase is given: everything that was read, and where the restore is. */
export interface RestoreInput {
  readonly restore: OpenBaoRestore;
  readonly status: OpenBaoRestoreStatus & { readonly operationId: string };
  readonly cluster: OpenBaoCluster;
  readonly jobs: readonly ObservedJob[];
  readonly context: RestoreContext;
}

interface Consequences {
  readonly patch?: StatusPatch;
  readonly effects?: readonly RestoreEffect[];
  readonly events?: readonly DecidedEvent[];
}

/** What follows from a phase. Whatever is to be done is in the status before it is done. */
export type RestoreStep =
  /** Not yet. `held`: not before a person has acted; the reason says how. */
  | (Consequences & { readonly kind: 'wait'; readonly reason: string; readonly held?: boolean })
  | (Consequences & { readonly kind: 'advance'; readonly phase: ActivePhase })
  /** It ends here. */
  | (Consequences & { readonly kind: 'fail'; readonly failure: RestoreFailure })
  | (Consequences & { readonly kind: 'complete' });

export type PhaseHandler = (input: RestoreInput) => RestoreStep;

export const wait = (reason: string, more: Consequences & { readonly held?: boolean } = {}): RestoreStep => ({
  kind: 'wait',
  reason,
  ...more,
});
/** Waits for a person. */
export const ask = (reason: string, more: Consequences = {}): RestoreStep =>
  wait(reason, { ...more, held: true });
export const advance = (phase: ActivePhase, more: Consequences = {}): RestoreStep => ({
  kind: 'advance',
  phase,
  ...more,
});
export const fail = (failure: RestoreFailure, more: Consequences = {}): RestoreStep => ({
  kind: 'fail',
  failure,
  ...more,
});

export const event = (
  type: DecidedEvent['type'],
  reason: string,
  action: string,
  note: string,
): DecidedEvent => ({ type, reason, action, note: note.slice(0, 1000) });
