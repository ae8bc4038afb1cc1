import { known, unknown, type Known } from '../core/model/known.ts';
import type { Member, RaftConfiguration } from '../core/model/observation.ts';
import type { OpenBaoNode } from '../io/openbao/node.ts';
import type { ExecutorContext } from './context.ts';
import { asRole } from './login.ts';
import { leaderAmong } from '../core/raft/leader.ts';
import type { Members } from '../core/raft/members.ts';
import { readMembers } from './members.ts';

/** The member that leads, and how it is asked. */
interface Leader {
  readonly leader: Member;
  readonly node: OpenBaoNode;
}

/** The leader and what it says of the membership. */
export interface LeaderView extends Leader {
  readonly raft: RaftConfiguration;
}

/** Asks the member that leads: what others hold may be old (docs/facts/openbao.md, section 4). */
export async function readMembership(context: ExecutorContext, members: Members): Promise<Known<LeaderView>> {
  const found = leaderOf(context, members);
  if (found.kind === 'unknown') return found;
  const { node } = found.value;
  const raft = await asRole(context, node, (token) => node.raftConfiguration(token));
  return raft.kind === 'unknown' ? raft : known({ ...found.value, raft: raft.value });
}

/** The member that leads, without its membership. */
export const findLeader = async (context: ExecutorContext): Promise<Known<Leader>> =>
  leaderOf(context, await readMembers(context));

function leaderOf(context: ExecutorContext, members: Members): Known<Leader> {
  const leader = leaderAmong(members);
  if (leader.kind === 'unknown') return leader;
  const node = context.members.get(leader.value.pod);
  return node === undefined
    ? unknown(`${leader.value.pod} is not among the members given`)
    : known({ leader: leader.value, node });
}
