import type { HoldReasonOf } from '../../../api/hold-reasons.ts';
import type { OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import type { Peer, Peers } from '../../raft/peers.ts';
import { newReference } from '../../raft/reference.ts';
import type { ClusterEvent, DecisionContext, Effect } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';

export type Scaling = NonNullable<OpenBaoClusterStatus['scaling']>;

/** A change of replicas under way: everything that was read, and where it is. */
export interface ScaleInput {
  readonly observation: Observation;
  readonly status: OpenBaoClusterStatus;
  readonly scaling: Scaling & { readonly operationId: string; readonly replicas: number };
  /** Members of the size that is now. */
  readonly peers: Peers;
  /** spec.replicas. */
  readonly wanted: number;
  readonly context: DecisionContext;
}

/** Fields of status.scaling to set; `undefined` removes one. */
type ScalingPatch = { readonly [Key in keyof Scaling]?: Scaling[Key] | undefined };

/** What follows. Whatever is to be done is in the status before it is done. */
export type ScaleStep =
  /** Not yet. */
  | {
      readonly kind: 'wait';
      readonly message: string;
      readonly until?: number;
      readonly patch?: ScalingPatch;
      readonly effects?: readonly Effect[];
    }
  /** A step is done or begun: its time starts anew. */
  | {
      readonly kind: 'go';
      readonly patch: ScalingPatch;
      readonly statusPatch?: Partial<OpenBaoClusterStatus>;
      readonly effects?: readonly Effect[];
      readonly events?: readonly ClusterEvent[];
    }
  /** A person must act. */
  | { readonly kind: 'hold'; readonly reason: HoldReasonOf<'Scaling'>; readonly message: string }
  | { readonly kind: 'finish' };

export const wait = (
  message: string,
  more: { until?: number; patch?: ScalingPatch; effects?: readonly Effect[] } = {},
): ScaleStep => ({
  kind: 'wait',
  message,
  ...more,
});

/** A point at which nothing is half done; another operation id keeps the Jobs of a new direction apart. */
export const atRest = { step: undefined, index: undefined, indexOf: undefined } as const;

/** The index to reach where none is taken, or the one that is says nothing any more; see `newReference`. */
export function newIndex(
  { index, indexOf }: Scaling,
  peers: Peers,
  members?: readonly Peer[],
): Pick<Scaling, 'index' | 'indexOf'> | undefined {
  const reference = newReference(defined({ referenceIndex: index, referenceOf: indexOf }), peers, members);
  return reference && { index: reference.referenceIndex, indexOf: reference.referenceOf };
}
