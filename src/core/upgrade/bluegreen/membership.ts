import {
  nextHandOver,
  nextPromotion,
  nextRemoval,
  nextRepair,
  type Membership,
  type Sides,
} from '../../raft/swap.ts';
import type { PhaseInput } from './phase.ts';

/** Membership as the leader last reported it; undefined while nobody does. */
const membershipOf = ({ observation: { raft } }: PhaseInput): Membership | undefined =>
  raft.kind === 'unknown' ? undefined : { servers: raft.value.servers };

const forward = ({ halves }: PhaseInput): Sides => ({ to: halves.green, from: halves.blue });
const back = ({ halves }: PhaseInput): Sides => ({ to: halves.blue, from: halves.green });

const judged = (
  input: PhaseInput,
  next: (membership: Membership) => { readonly kind: string },
): boolean | undefined => {
  const membership = membershipOf(input);
  return membership === undefined ? undefined : next(membership).kind === 'done';
};

/** Whether all of green vote, and of blue nobody but the leader. */
export const isPromoted = (input: PhaseInput): boolean | undefined =>
  judged(input, (membership) => nextPromotion(membership, forward(input)));

/** Whether a green member leads, and no blue one votes. */
export const isHandedOver = (input: PhaseInput): boolean | undefined =>
  leads(input, input.halves.green) && judged(input, (membership) => nextHandOver(membership, forward(input)));

/** Whether a blue member leads, all of blue vote, and no green one does. */
export const isRepaired = (input: PhaseInput): boolean | undefined =>
  leads(input, input.halves.blue) && judged(input, (membership) => nextRepair(membership, back(input)));

/** Whether none of these is a member any more. */
export const areRemoved = (input: PhaseInput, pods: readonly string[]): boolean | undefined =>
  judged(input, (membership) => nextRemoval(membership, pods));

/** Why these may not be removed: one of them votes or leads. Undefined where nothing is in the way, or known. */
export function whyNotRemovable(input: PhaseInput, pods: readonly string[]): string | undefined {
  const membership = membershipOf(input);
  const next = membership === undefined ? undefined : nextRemoval(membership, pods);
  return next?.kind === 'blocked' ? next.reason : undefined;
}

/** Those of these that vote; undefined while that is not known. */
export function votersAmong({ peers }: PhaseInput, pods: readonly string[]): readonly string[] | undefined {
  return peers.voters.kind === 'unknown' ? undefined : peers.voters.value.filter((id) => pods.includes(id));
}

/** Whether one of these leads, as its quorum says. Unknown is not yes. */
const leads = ({ peers: { leader } }: PhaseInput, pods: readonly string[]): boolean =>
  leader.kind === 'known' && pods.includes(leader.value);
