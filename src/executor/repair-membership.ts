import { known, unknown, type Known } from '../core/model/known.ts';
import type { RaftConfiguration } from '../core/model/observation.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { until, type ExecutorContext } from './context.ts';
import { asRole } from './login.ts';
import { votersAmong } from '../core/raft/configuration.ts';
import { answersOf } from '../core/raft/members.ts';
import { mixOf } from '../core/raft/mix.ts';
import { readMembers } from './members.ts';
import { readMembership } from './membership.ts';
import { done, failed } from './report.ts';

/**
 * Those named must vote, as far as they are members. A snapshot carries the list of permanent non-voters of its
 * day, and autopilot takes the vote of whoever stands there within seconds after a restore, in silence
 * (docs/facts/openbao-measured.md, section 7). So each is taken off that list, whether its vote is gone already or
 * not, and the votes are read back from the leader (docs/design.md, rule 3).
 */
export async function repairMembership(
  context: ExecutorContext,
  wanted: readonly string[],
): Promise<ExecutorReport> {
  const listed = new Set<string>();
  const cleared = new Set<string>();
  const seen = await until(context.deadline, () => look(context, wanted, listed, cleared));
  if (seen.kind === 'unknown') return failed('MembershipNotRepaired', `not all members vote: ${seen.cause}`);
  const voters = votersAmong(seen.value);
  const absent = wanted.filter((id) => !seen.value.servers.some((server) => server.id === id));
  const promoted = [...listed];
  const what =
    promoted.length === 0 ? 'no member had lost its vote' : `${promoted.join(', ')} got the vote back`;
  const missing = absent.length === 0 ? '' : `; Raft does not list ${absent.join(', ')}`;
  return done('MembershipRepaired', `${what}; ${voters.length} vote${missing}`, { promoted, voters, absent });
}

/**
 * @param listed gains those that stood on the list
 * @param cleared gains those that stand on it no more
 */
async function look(
  context: ExecutorContext,
  wanted: readonly string[],
  listed: Set<string>,
  cleared: Set<string>,
): Promise<Known<RaftConfiguration>> {
  const all = await readMembers(context);
  const view = await readMembership(context, all);
  if (view.kind === 'unknown') return view;
  const { node, raft } = view.value;
  const members = wanted.filter((id) => raft.servers.some((server) => server.id === id));
  const open = members.filter((each) => !cleared.has(each));
  for (const id of open) {
    // One after another, and each again until the leader has said how it stands.
    const promoted = await asRole(context, node, (token) => node.promote(token, id));
    if (promoted.kind === 'unknown') return promoted;
    if (promoted.value) {
      context.log.info({ pod: id }, 'taken off the list of permanent non-voters');
      listed.add(id);
    }
    cleared.add(id);
  }
  // The list may have had its effect since the membership was read.
  if (open.length > 0) return unknown('the votes are to be read back');
  const voters = votersAmong(raft);
  const silent = members.filter((id) => !voters.includes(id));
  if (silent.length === 0) return known(raft);
  const mix = mixOf(answersOf(all));
  const vain =
    mix === undefined ? '' : `: while ${mix} run together, a member gets it only with the leader's version`;
  return unknown(`${silent.join(', ')} did not get the vote back yet${vain}`);
}
