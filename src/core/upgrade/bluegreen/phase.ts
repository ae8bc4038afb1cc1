import type { Explanation } from '../../model/explanation.ts';
import type { HoldReasonOf } from '../../../api/hold-reasons.ts';
import type { BlueGreenUpgrade, OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import type { ClusterEvent, DecisionContext, Effect } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';
import type { Halves } from '../../jobs/step.ts';
import type { PhaseName } from '../../model/blue-green.ts';
import { awaitedRequests, type AwaitedRequest } from './awaited.ts';
import type { Peer, Peers } from '../../raft/peers.ts';

/** Fields of status.blueGreen to set; `undefined` removes one. */
type BlueGreenPatch = { readonly [Key in keyof BlueGreenUpgrade]?: BlueGreenUpgrade[Key] | undefined };

/** What a phase is given: everything that was read, and where the upgrade is. */
export interface PhaseInput {
  readonly observation: Observation;
  readonly status: OpenBaoClusterStatus;
  readonly blueGreen: BlueGreenUpgrade;
  /** The members of both halves, by exact names. */
  readonly halves: Halves;
  /** Both halves as one Raft cluster. */
  readonly peers: Peers;
  readonly blue: readonly Peer[];
  readonly green: readonly Peer[];
  readonly context: DecisionContext;
}

interface Consequences {
  readonly patch?: BlueGreenPatch;
  /** Changes of the status beside status.blueGreen. */
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
      /** It may last as long as a person, or spec, wants: no deadline. */
      readonly isOpenEnded?: boolean;
      /** What it is called when the deadline passes: a hold, whatever autoRollback says. */
      readonly overdue?: PhaseFailure;
      /** The request of a person that it waits for. */
      readonly awaits?: AwaitedRequest;
    })
  /** On to this phase, whose turn it is at once. */
  | (Consequences & { readonly kind: 'advance'; readonly phase: PhaseName })
  /** It cannot go on so: what follows depends on the phase and on spec.upgrade.blueGreen.autoRollback. */
  | (Consequences & { readonly kind: 'fail'; readonly failure: PhaseFailure })
  /** A person must decide, whatever autoRollback says. */
  | (Consequences & { readonly kind: 'hold'; readonly failure: PhaseFailure })
  /** All done: green is all there is. */
  | { readonly kind: 'finish' }
  /** All undone: blue is all there is. */
  | { readonly kind: 'finish-back' };

/** Why a phase failed. */
export interface PhaseFailure extends Explanation {
  readonly reason: FailureReason;
}

export type PhaseHandler = (input: PhaseInput) => Step;

/** Why a blue-green upgrade holds or goes back. */
export type FailureReason = HoldReasonOf<'BlueGreenUpgrade'>;

type Waiting = Omit<Extract<Step, { readonly kind: 'wait' }>, 'kind' | 'reason'>;

export const wait = (reason: string, more: Waiting = {}): Step => ({ kind: 'wait', reason, ...more });
/** Waits for a person to ask for it. */
export const waitForRequest = (request: AwaitedRequest): Step =>
  wait(awaitedRequests[request].waitingFor, { isOpenEnded: true, awaits: request });
export const advance = (phase: PhaseName, more: Consequences = {}): Step => ({
  kind: 'advance',
  phase,
  ...more,
});
export const fail = (reason: FailureReason, message: string, more: Consequences = {}): Step => ({
  kind: 'fail',
  failure: { reason, message },
  ...more,
});
export const hold = (reason: FailureReason, message: string, more: Consequences = {}): Step => ({
  kind: 'hold',
  failure: { reason, message },
  ...more,
});
