import { known, unknown, type Known } from '../core/model/known.ts';
import type { Member, RaftConfiguration } from '../core/model/observation.ts';
import type { OpenBaoNode } from '../io/openbao/node.ts';
import type { ExecutorContext } from './context.ts';
import { asRole } from './login.ts';
import { leaderAmong } from '../core/raft/leader.ts';
import type { Members } from '../core/raft/members.ts';
import { readMembers } from './members.ts';

/** The leader and what it says of the membership. */
export interface LeaderView {
  readonly leader: Member;
  readonly node: OpenBaoNode;
  readonly raft: RaftConfiguration;
}

/** Asks the member that leads: what others hold may be old (docs/facts/openbao.md, section 4). */
export async function readMembership(context: ExecutorContext, members: Members): Promise<Known<LeaderView>> {
  const leader = leaderAmong(members);
  if (leader.kind === 'unknown') return leader;
  const node = context.members.get(leader.value.pod);
  if (node === undefined) return unknown(`${leader.value.pod} is not among the members given`);
  const raft = await asRole(context, node, (token) => node.raftConfiguration(token));
  return raft.kind === 'unknown' ? raft : known({ leader: leader.value, node, raft: raft.value });
}

/** The member that leads, without its membership. */
export async function findLeader(context: ExecutorContext): Promise<Known<OpenBaoNode>> {
  const leader = leaderAmong(await readMembers(context));
  if (leader.kind === 'unknown') return leader;
  const node = context.members.get(leader.value.pod);
  return node === undefined ? unknown(`${leader.value.pod} is not among the members given`) : known(node);
}
