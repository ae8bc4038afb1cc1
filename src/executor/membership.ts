import type { Member, RaftConfiguration } from '../core/model/observation.ts';
import type { OpenBaoNode } from '../io/openbao/node.ts';
import type { ExecutorContext, Look } from './context.ts';
import { asRole } from './login.ts';
import { leaderAmong, readMembers, type Members } from './members.ts';

/** The leader and what it says of the membership. */
export interface LeaderView {
  readonly leader: Member;
  readonly node: OpenBaoNode;
  readonly raft: RaftConfiguration;
}

/** Asks the member that leads: what others hold may be old (docs/facts/openbao.md, section 4). */
export async function readMembership(context: ExecutorContext, members: Members): Promise<Look<LeaderView>> {
  const leader = leaderAmong(members);
  if ('missing' in leader) return leader;
  const node = context.members.get(leader.found.pod);
  if (node === undefined) return { missing: `${leader.found.pod} is not among the members given` };
  const raft = await asRole(context, node, (token) => node.raftConfiguration(token));
  return 'missing' in raft ? raft : { found: { leader: leader.found, node, raft: raft.found } };
}

/** The member that leads, without its membership. */
export async function findLeader(context: ExecutorContext): Promise<Look<OpenBaoNode>> {
  const leader = leaderAmong(await readMembers(context));
  if ('missing' in leader) return leader;
  const node = context.members.get(leader.found.pod);
  return node === undefined
    ? { missing: `${leader.found.pod} is not among the members given` }
    : { found: node };
}
