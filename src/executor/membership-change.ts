import { setTimeout as sleep } from 'node:timers/promises';
import { known, unknown, type Known } from '../core/model/known.ts';
import type { Member, RaftServer } from '../core/model/observation.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import type { Halves } from '../core/jobs/step.ts';
import {
  nextEnlargement,
  nextForward,
  nextRemoval,
  nextRepair,
  type Membership,
  type MembershipChange,
  type SwapStep,
} from '../core/raft/membership-change.ts';
import type { AutopilotState, OpenBaoNode } from '../io/openbao/node.ts';
import { atMost, until, type Deadline, type ExecutorContext } from './context.ts';
import { handOver } from './leadership-transfer.ts';
import { asRole, attempt } from './login.ts';
import { idsOf, votersAmong } from '../core/raft/configuration.ts';
import { whyNotFollowing } from '../core/raft/health.ts';
import { markedLeader } from '../core/raft/leader.ts';
import { appliedIndex, type Members } from '../core/raft/members.ts';
import { areApart } from '../core/raft/mix.ts';
import { readMembers } from './members.ts';
import { readMembership, type LeaderView } from './membership.ts';
import { done, failed, refused } from './report.ts';

/** Milliseconds to wait for a leader, or for what forbids the next change to pass. */
const patienceMs = 60_000;
/** Milliseconds for a change to be seen, before it is asked for again; a round of autopilot is 10 s by default. */
const settleMs = 12_000;
/** How often a change is asked for. */
const tries = 3;
/** Longer than autopilot takes to renew its state: 2 s by default. */
const renewalMs = 2500;

/** All of green vote beside all of blue. */
export const promoteGreen = (context: ExecutorContext, { blue, green }: Halves) =>
  carryOut(context, {
    reason: 'GreenVotes',
    next: (membership) => nextEnlargement(membership, { to: green, from: blue }),
    caughtUp: green,
  });

/** All of green vote, one of them leads, and no blue votes. */
export const handOverToGreen = (context: ExecutorContext, { blue, green }: Halves) =>
  carryOut(context, {
    reason: 'GreenLeads',
    next: (membership) => nextForward(membership, { to: green, from: blue }),
    caughtUp: green,
  });

/** The way back: all of blue vote, no green does, and a blue leads. */
export const repairConsensus = (context: ExecutorContext, { blue, green }: Halves) =>
  carryOut(context, {
    reason: 'BlueLeads',
    next: (membership) => nextRepair(membership, { to: blue, from: green }),
    caughtUp: blue,
  });

/** One half is no part of the Raft cluster any more, the other as it was. */
export const removePeers = (context: ExecutorContext, leaving: readonly string[]) =>
  carryOut(context, {
    reason: 'PeersRemoved',
    next: (membership) => nextRemoval(membership, leaving),
    caughtUp: [],
  });

/** What is to be so at the end, one change after the other. */
interface Swap {
  readonly next: (membership: Membership) => SwapStep;
  /** Who counts as healthy only with what the leader had when it began. */
  readonly caughtUp: readonly string[];
  /** Of the report. */
  readonly reason: string;
}

/** What there is to do next, and whom to ask. */
interface Seen<Step = SwapStep> extends LeaderView {
  readonly membership: Membership;
  readonly step: Step;
}

type LookForStep = () => Promise<Known<Seen>>;
type Unblocked = Exclude<SwapStep, { readonly kind: 'blocked' }>;

/**
 * Looks, changes one thing, reads it back, and looks again, until nothing is left to do. Nothing is remembered but
 * for the report: a second run goes on where the first one was ended (docs/design.md, rule 3).
 */
async function carryOut(context: ExecutorContext, swap: Swap): Promise<ExecutorReport> {
  const { deadline } = context;
  /** What was asked for, for the report. */
  const asked = new Set<string>();
  const look = lookForStep(context, swap);
  let isConfirmed = false;
  /** What was seen of the last change is what the next one goes by. */
  let last: Known<Seen> | undefined;
  for (;;) {
    const seen = await untilUnblocked(deadline, look, last);
    last = undefined;
    if (seen.kind === 'unknown') return stopped(asked, seen.cause);
    const { step, raft } = seen.value;
    if (step.kind === 'done') {
      if (isConfirmed || asked.size > 0) return ended(swap, asked, raft.servers);
      // What an earlier run had recorded just before it ended may not show in autopilot's state yet.
      await sleep(Math.min(renewalMs, deadline.left()), undefined, { signal: deadline.signal }).catch(
        () => {},
      );
      isConfirmed = true;
      continue;
    }
    if (deadline.left() === 0) return stopped(asked, `no time is left to ${step.kind} ${step.id}`);
    if (step.kind === 'step-down') {
      const problem = await handOver(context, step.id);
      if (problem !== undefined) return afterSome(asked, problem);
      asked.add(`${step.kind} ${step.id}`);
    } else {
      const after = await change(context, look, seen.value, step, asked);
      if ('outcome' in after) return afterSome(asked, after);
      last = after;
    }
  }
}

/** Of a problem that comes after a change it cannot be said that nothing was changed. */
const afterSome = (asked: ReadonlySet<string>, problem: ExecutorReport): ExecutorReport =>
  asked.size === 0 ? problem : { ...problem, outcome: 'failed' };

/** Looks at the membership through the leader's eyes. */
function lookForStep(context: ExecutorContext, { next, caughtUp }: Swap): LookForStep {
  // Taken once: a fresh one is never reached while clients write (docs/facts/openbao-measured.md, 0.4).
  let index: number | undefined;
  return async () => {
    const members = await readMembers(context);
    const view = await readMembership(context, members);
    if (view.kind === 'unknown') return view;
    const { leader, node, raft } = view.value;
    const autopilot = await asRole(context, node, (token) => node.autopilotState(token));
    if (autopilot.kind === 'unknown') return autopilot;
    const flagged = flaggedAmong(raft.servers, autopilot.value);
    if (flagged.kind === 'unknown') return flagged;
    index ??= leader.lastIndex;
    if (index === undefined) return unknown(`${leader.pod} does not say how long its log is`);
    const wanted = index;
    const problems = new Map<string, string>();
    for (const { id } of raft.servers) {
      const applied = appliedIndex(members, id) ?? -1;
      const isBehind = caughtUp.includes(id) && applied < wanted;
      const behind = isBehind ? `${id} has applied ${Math.max(0, applied)} of ${wanted}` : undefined;
      const problem = whyNotFollowing(id, members.get(id), leader) ?? behind;
      if (problem !== undefined) problems.set(id, problem);
    }
    const membership = { servers: raft.servers, flagged: flagged.value, problems };
    const step = next(membership);
    return known({ ...view.value, membership, step: whyInVain(step, members, leader) ?? step });
  };
}

/** A member that the leader does not hear is never given a vote, whatever is answered (raft/mix.ts). */
function whyInVain(step: SwapStep, members: Members, leader: Member): SwapStep | undefined {
  const member = step.kind === 'promote' ? members.get(step.id) : undefined;
  if (member?.kind !== 'known' || !areApart(member.value.version, leader.version)) return undefined;
  const { pod, version } = member.value;
  const what = `${pod} runs ${version} and the leader ${leader.pod} ${leader.version}`;
  return { kind: 'blocked', reason: `${what}: across 2.6 it would get no vote` };
}

/** Whom autopilot takes, or is to take, the vote of; unknown while it has not seen one of them. */
function flaggedAmong(servers: readonly RaftServer[], state: AutopilotState): Known<ReadonlySet<string>> {
  const flagged = new Set<string>();
  for (const { id } of servers) {
    const seen = state.servers?.[id];
    if (seen === undefined) return unknown(`autopilot has not seen ${id} yet`);
    if (seen.node_type === undefined) return unknown(`autopilot does not say whether ${id} is to vote`);
    if (seen.node_type === 'non-voter') flagged.add(id);
  }
  return known(flagged);
}

/** Looks on from what was seen last: what forbids the next change may pass by itself. */
async function untilUnblocked(
  deadline: Deadline,
  look: LookForStep,
  last: Known<Seen> | undefined,
): Promise<Known<Seen<Unblocked>>> {
  const next = last === undefined ? undefined : unblocked(last);
  if (next?.kind === 'known') return next;
  return until(atMost(deadline, patienceMs), async () => unblocked(await look()));
}

/** What forbids the next change is something missing. */
function unblocked(seen: Known<Seen>): Known<Seen<Unblocked>> {
  if (seen.kind === 'unknown') return seen;
  const { step } = seen.value;
  return step.kind === 'blocked' ? unknown(step.reason) : known({ ...seen.value, step });
}

/**
 * Asks for one change, and waits until it is seen. What is answered proves nothing: "server is not a non-voter" is
 * said of voters, of unknown ids and of promotions recorded before (docs/facts/openbao-operator.md, 7.1, 7).
 *
 * @returns what is seen after it; the report, if it is not seen
 */
async function change(
  context: ExecutorContext,
  look: LookForStep,
  { node, membership }: Seen,
  step: MembershipChange,
  asked: Set<string>,
): Promise<Known<Seen> | ExecutorReport> {
  let answer = 'it was recorded before';
  let cause = '';
  for (let tried = 0; tried < tries && (tried === 0 || context.deadline.left() > 0); tried++) {
    if (tried > 0 || !isRecorded(membership, step)) {
      context.log.info({ leader: node.pod, id: step.id }, `asking to ${step.kind}`);
      asked.add(`${step.kind} ${step.id}`);
      answer = await attempt(context, node, (token) => call(node, token, step));
    }
    const after = await until(atMost(context.deadline, settleMs), async (): Promise<Known<Seen>> => {
      const seen = await look();
      if (seen.kind === 'unknown' || seen.value.node !== node || !isSame(seen.value.step, step)) return seen;
      return unknown(`${node.pod} does not show it in the membership`);
    });
    if (after.kind === 'known') return after;
    ({ cause } = after);
  }
  return failed('ChangeUnconfirmed', `to ${step.kind} ${step.id} was asked for (${answer}), but ${cause}`);
}

/** A round of autopilot, or the end of its leadership, is all that a change waits for. */
const isRecorded = ({ flagged }: Membership, { kind, id }: MembershipChange): boolean =>
  (kind === 'promote' && flagged?.has(id) === false) || (kind === 'demote' && flagged?.has(id) === true);

const isSame = (a: SwapStep, b: MembershipChange) => a.kind === b.kind && 'id' in a && a.id === b.id;

async function call(node: OpenBaoNode, token: string, { kind, id }: MembershipChange): Promise<void> {
  if (kind === 'promote') await node.promote(token, id);
  else if (kind === 'demote') await node.demote(token, id);
  else await node.removePeer(token, id);
}

function ended({ reason }: Swap, asked: ReadonlySet<string>, servers: readonly RaftServer[]): ExecutorReport {
  const leader = markedLeader(servers) ?? '';
  const voters = votersAmong({ readFrom: leader, servers });
  return done(reason, `${leader} leads, ${voters.join(', ')} vote; ${changesOf(asked)}`, {
    leader,
    voters,
    members: idsOf(servers),
    changes: [...asked],
  });
}

/** It may not, or cannot, go on. */
function stopped(asked: ReadonlySet<string>, why: string): ExecutorReport {
  const report = asked.size === 0 ? refused : failed;
  return report('MembershipUnsafe', `${why}; ${changesOf(asked)}`, { changes: [...asked] });
}

const changesOf = (asked: ReadonlySet<string>) =>
  asked.size === 0 ? 'nothing was changed' : `changed, in this order: ${[...asked].join(', ')}`;
