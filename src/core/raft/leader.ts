import type { Member, RaftConfiguration } from '../model/observation.ts';
import { known, unknown, type Known } from '../model/known.ts';
import { quorum } from './quorum.ts';

/**
 * Whether a member says of itself that it leads. The label openbao-active lags and never counts
 * (docs/facts/openbao-operator.md, 7.1, 14).
 */
export const claimsLeadership = (member: Member): boolean =>
  member.initialized && !member.sealed && !member.standby && member.leader === member.pod;

/**
 * Who leads: the one member that says so of itself, from whom the membership was read, and whom a quorum
 * of the voters, itself included, takes for the leader. A member cut off may claim it a moment longer, and for
 * about a second after a crash the others name the dead one (docs/facts/openbao-measured.md, section 5).
 */
export function leaderOf(members: readonly Member[], raft: Known<RaftConfiguration>): Known<string> {
  const claimants = members.filter(claimsLeadership).map(({ pod }) => pod);
  const [leader] = claimants;
  if (leader === undefined) return unknown('no member says that it leads');
  if (claimants.length > 1) return unknown(`${claimants.join(' and ')} both say that they lead`);
  if (raft.kind === 'unknown') return unknown(`the membership could not be read: ${raft.cause}`);
  const { readFrom, servers } = raft.value;
  if (readFrom !== leader) return unknown(`${leader} leads, but the membership was read from ${readFrom}`);
  const voters = servers.filter(({ voter }) => voter).map(({ id }) => id);
  if (!voters.includes(leader)) return unknown(`${leader} says that it leads, but is no voter`);
  const followers = members.filter(
    (member) => voters.includes(member.pod) && !member.sealed && member.leader === leader,
  );
  if (followers.length < quorum(voters.length)) {
    return unknown(
      `${followers.length} of ${voters.length} voters take ${leader} for the leader; quorum is ${quorum(voters.length)}`,
    );
  }
  return known(leader);
}
