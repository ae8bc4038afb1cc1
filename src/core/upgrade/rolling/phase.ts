import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import type { ClusterEvent, DecisionContext, Effect } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';
import type { RollingPhase } from '../../model/rolling.ts';
import type { Peers } from '../../raft/peers.ts';
import type { Failure, FailureReason } from './failure.ts';

export type PhaseName = RollingPhase;

/** Fields of status.upgrade to set; `undefined` removes one. */
export type UpgradePatch = { readonly [Key in keyof RollingUpgrade]?: RollingUpgrade[Key] | undefined };

/** What a phase is given: everything that was read, and where the upgrade is. */
export interface PhaseInput {
  readonly observation: Observation;
  readonly status: OpenBaoClusterStatus;
  readonly upgrade: RollingUpgrade;
  readonly peers: Peers;
  /** How many members there are. */
  readonly replicas: number;
  readonly context: DecisionContext;
}

/** What the gates of a rolling upgrade ask about, of either half. */
export type Roll = Omit<PhaseInput, 'context'>;

interface Consequences {
  readonly patch?: UpgradePatch;
  /** Changes of the status beside status.upgrade. */
  readonly statusPatch?: Partial<OpenBaoClusterStatus>;
  readonly effects?: readonly Effect[];
  readonly events?: readonly ClusterEvent[];
}

/** What follows from a phase. Whatever is to be done is in the status before it is done. */
export type Step =
  /** Not yet; looks again when something changes, at the latest at `until` or after a poll. */
  | (Consequences & {
      readonly kind: 'wait';
      readonly reason: string;
      readonly until?: number;
      /** What it is called when the deadline passes; the phase's own word when left out. */
      readonly overdue?: FailureReason;
    })
  /** On to this phase, whose turn it is at once. */
  | (Consequences & { readonly kind: 'advance'; readonly phase: PhaseName })
  /** A person must act. */
  | (Consequences & { readonly kind: 'hold'; readonly failure: Failure })
  /** All done. */
  | { readonly kind: 'finish' };

export type PhaseHandler = (input: PhaseInput) => Step;

export const wait = (
  reason: string,
  more: Consequences & { readonly until?: number; readonly overdue?: FailureReason } = {},
): Step => ({
  kind: 'wait',
  reason,
  ...more,
});
/** Why not now, a clause; when it is known to end, and what it is called if it lasts. */
export interface Blocked {
  readonly reason: string;
  readonly until?: number;
  readonly overdue?: FailureReason;
}

/** Waits for a gate to open, at the latest until it is known to. */
export const waitBlocked = ({ reason, until, overdue }: Blocked): Step =>
  wait(reason, defined({ until, overdue }));
export const advance = (phase: PhaseName, more: Consequences = {}): Step => ({
  kind: 'advance',
  phase,
  ...more,
});
export const hold = (failure: Failure, more: Consequences = {}): Step => ({ kind: 'hold', failure, ...more });
