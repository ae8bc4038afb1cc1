import { known, unknown, type Known } from '../core/model/known.ts';
import type { Member, RaftConfiguration } from '../core/model/observation.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { quorum } from '../core/raft/quorum.ts';
import { ordinalOf } from '../core/model/names.ts';
import { until, within, type ExecutorContext } from './context.ts';
import { attempt } from './login.ts';
import { idsOf, votersAmong } from '../core/raft/configuration.ts';
import { whyNotFollowing } from '../core/raft/health.ts';
import { answersOf, type Members } from '../core/raft/members.ts';
import { mixOf } from '../core/raft/mix.ts';
import { readMembers } from './members.ts';
import { readMembership, type LeaderView } from './membership.ts';
import { done, failed, refused } from './report.ts';

/**
 * `pod` must be no member of the Raft cluster. OpenBao says 204 to any id, the leader's included, and checks
 * nothing: the membership is read before and after, from the leader (docs/facts/openbao-measured.md, section 3).
 *
 * @param onlyWhileSealed it goes because its disk was lost: once it is unsealed it has its place again, and
 *   removing it would only strand it
 */
export async function removePeer(
  context: ExecutorContext,
  pod: string,
  { onlyWhileSealed = false }: { readonly onlyWhileSealed?: boolean } = {},
): Promise<ExecutorReport> {
  const { cluster, deadline, log } = context;
  // A pod of a revision has another name than the ordinals give it: then it must be among the members.
  if (ordinalOf(cluster, pod) === undefined && !context.members.has(pod)) {
    return refused('UnknownMember', `${pod} is not the name of a pod of ${cluster}`);
  }
  const recovered = refused('MemberRecovered', `${pod} is unsealed again and was not removed`);
  const hasRecovered = async () => onlyWhileSealed && isUnsealed(await readMembers(context), pod);
  if (await hasRecovered()) return recovered;
  const before = await until(within(deadline, 0.5), () => lookAtLeader(context, pod));
  if (before.kind === 'unknown') return refused('QuorumAtRisk', `${pod} was not removed: ${before.cause}`);
  const { leader, node, raft } = before.value;
  if (!isPeer(raft, pod)) return done('AlreadyAbsent', `${pod} is not a member`, membersOf(raft));
  if (leader.pod === pod) {
    return refused('PeerLeads', `${pod} leads and was not removed; it must step down first`);
  }
  // The look may have waited for long.
  if (await hasRecovered()) return recovered;
  const mix = onlyWhileSealed ? mixOf(answersOf(await readMembers(context))) : undefined;
  if (mix !== undefined) {
    const why = `while members run versions before 2.6 and from 2.6 on (${mix}) it would get no vote again`;
    return refused('VersionsMixed', `${pod} was not removed: ${why}; under its id it is a voter still`);
  }

  log.info({ pod, leader: leader.pod }, 'removing the peer');
  const answer = await attempt(context, node, (token) => node.removePeer(token, pod));
  const after = await until(deadline, () => lookForAbsence(context, pod));
  if (after.kind === 'unknown') {
    return failed('RemovalUnconfirmed', `${pod} was to be removed (${answer}), but ${after.cause}`);
  }
  return done('Removed', `${pod} is no longer a member`, membersOf(after.value));
}

/** The membership as the leader reports it, once nothing speaks against the removal or there is nothing to do. */
async function lookAtLeader(context: ExecutorContext, pod: string): Promise<Known<LeaderView>> {
  const members = await readMembers(context);
  const seen = await readMembership(context, members);
  if (seen.kind === 'unknown') return seen;
  const { leader, raft } = seen.value;
  const isDecided = !isPeer(raft, pod) || leader.pod === pod;
  const risk = isDecided ? undefined : riskOf(raft, pod, leader, members);
  return risk === undefined ? seen : unknown(risk);
}

/** Those that stay must be a quorum of themselves. */
function riskOf(raft: RaftConfiguration, pod: string, leader: Member, members: Members): string | undefined {
  const staying = votersAmong(raft).filter((id) => id !== pod);
  const problems = staying.flatMap((id) => whyNotFollowing(id, members.get(id), leader) ?? []);
  const healthy = staying.length - problems.length;
  if (healthy >= quorum(staying.length)) return undefined;
  return `${healthy} of the ${staying.length} voters that stay would be healthy: ${problems.join(', ')}`;
}

async function lookForAbsence(context: ExecutorContext, pod: string): Promise<Known<RaftConfiguration>> {
  const seen = await readMembership(context, await readMembers(context));
  if (seen.kind === 'unknown') return seen;
  const { raft, leader } = seen.value;
  return isPeer(raft, pod) ? unknown(`${leader.pod} still counts it as a member`) : known(raft);
}

function isUnsealed(members: Members, pod: string): boolean {
  const member = members.get(pod);
  return member?.kind === 'known' && !member.value.sealed;
}

const isPeer = ({ servers }: RaftConfiguration, pod: string) => servers.some(({ id }) => id === pod);
const membersOf = ({ servers }: RaftConfiguration) => ({ members: idsOf(servers) });
