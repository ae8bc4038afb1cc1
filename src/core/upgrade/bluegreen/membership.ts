import { whyAbsent } from '../../raft/health.ts';
import {
  nextEnlargement,
  nextHandOver,
  nextPromotion,
  nextRemoval,
  nextRepair,
  type Membership,
  type VoteTransfer,
} from '../../raft/membership-change.ts';
import type { PhaseInput } from './phase.ts';

/** Membership as the leader last reported it; undefined while nobody does. */
const membershipOf = ({ observation: { raft } }: PhaseInput): Membership | undefined =>
  raft.kind === 'unknown' ? undefined : { servers: raft.value.servers };

/** With who does not take part, for whom the way back does not wait: autopilot gives it its vote when it is back. */
const withProblems = (input: PhaseInput, membership: Membership): Membership => ({
  ...membership,
  problems: new Map(
    input.peers.expected.flatMap((peer) => {
      const absent = whyAbsent(peer, input.peers);
      return absent === undefined ? [] : [[peer.name, absent] as const];
    }),
  ),
});

const forward = ({ halves }: PhaseInput): VoteTransfer => ({ to: halves.green, from: halves.blue });
const back = ({ halves }: PhaseInput): VoteTransfer => ({ to: halves.blue, from: halves.green });

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

/** Whether all of green vote, whoever else does. */
export const isEnlarged = (input: PhaseInput): boolean | undefined =>
  judged(input, (membership) => nextEnlargement(membership, forward(input)));

/** Whether a green member leads, and no blue one votes. */
export const isHandedOver = (input: PhaseInput): boolean | undefined =>
  leads(input, input.halves.green, (membership) => nextHandOver(membership, forward(input)));

/** Whether a blue member leads, all of blue that are well vote, and no green one does. */
export const isRepaired = (input: PhaseInput): boolean | undefined =>
  leads(input, input.halves.blue, (membership) => nextRepair(withProblems(input, membership), back(input)));

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

/** Whether one of these leads, as its quorum says, and nothing is left to do. Without a known leader it cannot be told. */
function leads(
  input: PhaseInput,
  pods: readonly string[],
  next: (membership: Membership) => { readonly kind: string },
): boolean | undefined {
  const { leader } = input.peers;
  if (leader.kind === 'unknown') return undefined;
  return pods.includes(leader.value) ? judged(input, next) : false;
}
