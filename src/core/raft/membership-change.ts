import type { RaftServer } from '../model/observation.ts';
import { quorum } from './quorum.ts';

/**
 * Which single change brings the votes of a Raft cluster from one side to the other, so that one failure is
 * survivable at each moment (docs/facts/openbao.md, section 6). Each function looks at one membership and remembers
 * nothing: it goes on from wherever a crash, or an unplanned leader, has left it.
 */

/**
 * Who shall vote, and who shall stop, by exact ids (docs/facts/openbao-operator.md, 7.1, 5). In order of ordinals.
 */
export interface VoteTransfer {
  readonly to: readonly string[];
  readonly from: readonly string[];
}

/** What the leader says of its cluster at one moment. */
export interface Membership {
  /** Its raft/configuration. */
  readonly servers: readonly Pick<RaftServer, 'id' | 'voter' | 'leader'>[];
  /**
   * Whom autopilot is to make or keep a non-voter (`node_type: non-voter` in its state): a demoted leader is
   * one that still votes. Left out: not known.
   */
  readonly flagged?: ReadonlySet<string>;
  /** Why a server does not count as healthy, a clause such as "prod-1 is sealed", by id; who is not in it does. */
  readonly problems?: ReadonlyMap<string, string>;
}

/** One change of the membership, by its server's exact id. */
export interface MembershipChange {
  readonly kind: 'promote' | 'demote' | 'remove';
  readonly id: string;
}

/** The next change, that nothing is left to do, or why nothing may be done now: a clause. */
export type SwapStep =
  | MembershipChange
  | { readonly kind: 'step-down'; readonly id: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'blocked'; readonly reason: string };

/**
 * The first half forward: all of `to` vote, and of `from` nobody but the leader. Promotions and demotions take
 * turns, so that there are never fewer voters than before. A failing `to` stops it, and it does not begin beside an
 * unhealthy voter; a `from` that fails later is demoted first.
 */
export function nextPromotion(membership: Membership, sides: VoteTransfer): SwapStep {
  const view = viewOf(membership, sides);
  if ('kind' in view) return view;
  const absent = sides.to.filter((id) => !view.present.has(id));
  if (absent.length > 0) return blocked(`${absent.join(', ')} is not a member`);
  const toPromote = view.to.filter((id) => !isFirmVoter(view, id)).toSorted(pendingFirst(view));
  const toDemote = demotable(view);
  const [promoted] = toPromote;
  const [demoted] = toDemote;
  if (promoted === undefined && demoted === undefined) return done;
  const crossed = view.to.some((id) => view.voters.includes(id));
  const problem = firstProblem(view, crossed ? view.to : [...view.to, ...view.voters]);
  if (problem !== undefined) return blocked(problem);
  // Who is on the way out, be it that it leads just now, is no spare voter: two demotions may come in one round.
  const hasSpareVoter = view.voters.filter((id) => isFirmVoter(view, id)).length > sides.to.length;
  const isDemotionDue = promoted === undefined || hasSpareVoter || isLeaving(view, demoted);
  if (demoted !== undefined && isDemotionDue) return demotion(view, demoted);
  return promoted === undefined ? done : { kind: 'promote', id: promoted };
}

/**
 * All of `to` vote beside all of `from`, who stay as they are. More voters survive no fewer failures, and it does not
 * begin beside an unhealthy one.
 */
export function nextEnlargement(membership: Membership, sides: VoteTransfer): SwapStep {
  const view = viewOf(membership, sides);
  if ('kind' in view) return view;
  const absent = sides.to.filter((id) => !view.present.has(id));
  if (absent.length > 0) return blocked(`${absent.join(', ')} is not a member`);
  const [promoted] = view.to.filter((id) => !isFirmVoter(view, id)).toSorted(pendingFirst(view));
  if (promoted === undefined) return done;
  const problem = firstProblem(view, [...view.to, ...view.voters]);
  return problem === undefined ? { kind: 'promote', id: promoted } : blocked(problem);
}

/**
 * The second half forward: a `to` leads, and no `from` votes. The demotion of a leader is recorded and waits until
 * it leads no more, so the leader is demoted, then steps down; `to` are its only possible successors.
 */
export function nextHandOver(membership: Membership, sides: VoteTransfer): SwapStep {
  const view = viewOf(membership, sides);
  if ('kind' in view) return view;
  const waiting = sides.to.filter((id) => !isFirmVoter(view, id));
  if (waiting.length > 0) return blocked(`${waiting.join(', ')} does not vote yet`);
  const next = handOver(view);
  const problem = next.kind === 'done' ? undefined : firstProblem(view, view.to);
  return problem === undefined ? next : blocked(problem);
}

/** Forward as a whole: first the one half, then the other. */
export function nextForward(membership: Membership, sides: VoteTransfer): SwapStep {
  const promotion = nextPromotion(membership, sides);
  return promotion.kind === 'done' ? nextHandOver(membership, sides) : promotion;
}

/**
 * The way back: all of `to`, the earlier side, vote before any `from` stops, and a `to` leads at the end. One that
 * does not answer is unflagged, not waited for: autopilot promotes it when it is well again. Refused while fewer than
 * a quorum of `to` are healthy members (docs/facts/openbao-operator.md, 7.1, 4).
 */
export function nextRepair(membership: Membership, sides: VoteTransfer): SwapStep {
  const view = viewOf(membership, sides);
  if ('kind' in view) return view;
  const missing = sides.to.flatMap((id) =>
    view.present.has(id) ? (view.problems.get(id) ?? []) : `${id} is not a member`,
  );
  const healthy = sides.to.length - missing.length;
  const needed = quorum(sides.to.length);
  if (healthy < needed) {
    const count = `${healthy} of ${sides.to.length} are healthy members, quorum is ${needed}`;
    return blocked(`${count}: ${missing.join(', ')}`);
  }
  const promoted = view.to
    .filter((id) => !isFirmVoter(view, id))
    .find((id) => isHealthy(view, id) || view.flagged?.has(id) === true);
  return promoted === undefined ? handOver(view) : { kind: 'promote', id: promoted };
}

/**
 * Takes non-voters out, by exact ids. Nobody is removed while one of them votes or leads: then the votes are not
 * where they should be, and a removal would lose them.
 */
export function nextRemoval({ servers }: Membership, leaving: readonly string[]): SwapStep {
  const members = leaving.flatMap((id) => servers.find((server) => server.id === id) ?? []);
  const kept = members.flatMap(({ id, voter, leader }) =>
    leader ? `${id} leads` : voter ? `${id} still votes` : [],
  );
  if (kept.length > 0) return blocked(kept.join(', '));
  const [first] = members;
  return first === undefined ? done : { kind: 'remove', id: first.id };
}

/** A membership that holds the two sides and nobody else. */
interface View {
  /** The members of each side, in its order. */
  readonly to: readonly string[];
  readonly from: readonly string[];
  readonly present: ReadonlySet<string>;
  readonly voters: readonly string[];
  readonly leader: string;
  readonly flagged: ReadonlySet<string> | undefined;
  readonly problems: ReadonlyMap<string, string>;
}

function viewOf({ servers, flagged, problems = new Map() }: Membership, sides: VoteTransfer): View | Blocked {
  const { to, from } = sides;
  const both = to.filter((id) => from.includes(id));
  if (both.length > 0) return blocked(`${both.join(', ')} is on both sides`);
  if (to.length !== from.length) {
    return blocked(`the sides differ in size: ${to.length} shall vote, ${from.length} shall stop`);
  }
  const present = new Set(servers.map(({ id }) => id));
  const strangers = [...present].filter((id) => !to.includes(id) && !from.includes(id));
  if (strangers.length > 0) return blocked(`${strangers.join(', ')} is a member, but of neither side`);
  const [leader, ...others] = servers.filter((server) => server.leader);
  if (leader === undefined || others.length > 0) return blocked('the membership names no single leader');
  if (!leader.voter) return blocked(`${leader.id} leads, but is not a voter`);
  return {
    to: to.filter((id) => present.has(id)),
    from: from.filter((id) => present.has(id)),
    present,
    voters: servers.filter(({ voter }) => voter).map(({ id }) => id),
    leader: leader.id,
    flagged,
    problems,
  };
}

/** The last part of both ways: `from` stop voting, the one that leads last. */
function handOver(view: View): SwapStep {
  const [follower] = demotable(view);
  if (follower !== undefined) return demotion(view, follower);
  const { leader, flagged } = view;
  if (view.to.includes(leader)) return done;
  if (flagged === undefined) return blocked(`whether ${leader} is to stop voting is not known`);
  const change = demotion(view, leader);
  return change.kind === 'demote' && flagged.has(leader) ? { kind: 'step-down', id: leader } : change;
}

/**
 * The `from` that follow and still vote, or that autopilot may let vote: those already on their way first, then the
 * unhealthy, then from the last.
 */
function demotable(view: View): readonly string[] {
  const rank = (id: string) =>
    !view.voters.includes(id) ? 1 : isLeaving(view, id) ? 0 : isHealthy(view, id) ? 3 : 2;
  return view.from
    .filter((id) => id !== view.leader)
    .filter((id) => view.voters.includes(id) || view.flagged?.has(id) === false)
    .toReversed()
    .toSorted((a, b) => rank(a) - rank(b));
}

/** Those whose promotion is recorded already: one change at a time, also after a crash. */
const pendingFirst = (view: View) => (a: string, b: string) =>
  Number(view.flagged?.has(a) ?? true) - Number(view.flagged?.has(b) ?? true);

/** Votes, and is to go on doing so. */
const isFirmVoter = ({ voters, flagged }: View, id: string) =>
  voters.includes(id) && flagged?.has(id) !== true;

/** Still votes, but not for long. */
const isLeaving = ({ voters, flagged }: View, id: string | undefined) =>
  id !== undefined && voters.includes(id) && flagged?.has(id) === true;

const isHealthy = ({ problems }: View, id: string) => !problems.has(id);

const firstProblem = ({ problems }: View, ids: readonly string[]): string | undefined =>
  ids.map((id) => problems.get(id)).find((problem) => problem !== undefined);

/** A demotion, if as many failures are survivable after it as before, or as `to` alone will survive: at most one. */
function demotion(view: View, id: string): SwapStep {
  const after = view.voters.filter((voter) => voter !== id);
  const firm = after.filter((voter) => isFirmVoter(view, voter));
  const needed = Math.max(0, Math.min(1, margin(view, view.to), margin(view, view.voters)));
  if (Math.min(margin(view, after), margin(view, firm)) >= needed) return { kind: 'demote', id };
  const left = margin(view, firm) < margin(view, after) ? firm : after;
  const gone = [id, ...after.filter((voter) => !left.includes(voter))];
  const healthy = left.filter((voter) => isHealthy(view, voter)).length;
  const count = `${healthy} of ${left.length} voters would be healthy, quorum is ${quorum(left.length)}`;
  return blocked(`without ${gone.join(' and ')} ${count}`);
}

/** How many more of these voters may fail; below 0 there is no quorum. */
const margin = (view: View, voters: readonly string[]): number =>
  voters.filter((id) => isHealthy(view, id)).length - quorum(voters.length);

type Blocked = Extract<SwapStep, { readonly kind: 'blocked' }>;

const blocked = (reason: string): Blocked => ({ kind: 'blocked', reason });
const done = { kind: 'done' } as const;
