import type { Member, RaftConfiguration, RaftServer } from '../model/observation.ts';
import { known, unknown, type Known } from '../model/known.ts';
import { voterIds } from './configuration.ts';
import { answersOf, type Members } from './members.ts';
import { quorum } from './quorum.ts';

/**
 * Who leads, asked in four ways, from the least to the most that is proved. The label openbao-active lags and never
 * counts (docs/facts/openbao-operator.md, 7.1, 14).
 *
 * 1. `activeMember`: who serves as the active node by sys/health. Good for choosing whom to ask: what that member
 *    answers says the rest. It holds also in the moment before sys/leader names the member itself.
 * 2. `leaderAmong`: who says that it leads. For a Job, which goes on to ask that member for the membership with a
 *    login, and is refused by any other.
 * 3. `markedLeader`: whom the membership marks. Only as good as the member from which it was read.
 * 4. `leaderOf`: who leads for a decision of the controller: a quorum of the voters agrees.
 */

/** Whether a member is the active node; one in the ten seconds after its step-down says that it is not. */
export const isActive = ({ initialized, sealed, standby }: Member): boolean =>
  initialized && !sealed && !standby;

/** The one member that is the active node; undefined also when two say so. */
export function activeMember(members: readonly Member[]): Member | undefined {
  const [first, ...others] = members.filter(isActive);
  return others.length === 0 ? first : undefined;
}

/** Whether a member is the active node and names itself as the leader. */
const claimsLeadership = (member: Member): boolean => isActive(member) && member.leader === member.pod;

/** The one member that says it leads. */
export function leaderAmong(members: Members): Known<Member> {
  const claimants = answersOf(members).filter(claimsLeadership);
  const [leader] = claimants;
  if (leader === undefined) return unknown(`no member leads (${states(members)})`);
  return claimants.length === 1 ? known(leader) : unknown(bothClaim(claimants));
}

/** The server that a membership marks as the leader: the member from which it was read, while that one leads. */
export const markedLeader = (servers: readonly RaftServer[]): string | undefined =>
  servers.find(({ leader }) => leader)?.id;

/**
 * Who leads: the one member that says so of itself, from whom the membership was read, and whom a quorum
 * of the voters, itself included, takes for the leader. A member cut off may claim it a moment longer, and for
 * about a second after a crash the others name the dead one (docs/facts/openbao-measured.md, section 5).
 */
export function leaderOf(members: readonly Member[], raft: Known<RaftConfiguration>): Known<string> {
  const claimants = members.filter(claimsLeadership);
  const [claimant] = claimants;
  if (claimant === undefined) return unknown('no member says that it leads');
  if (claimants.length > 1) return unknown(bothClaim(claimants));
  const leader = claimant.pod;
  if (raft.kind === 'unknown') return unknown(`the membership could not be read: ${raft.cause}`);
  const { readFrom } = raft.value;
  if (readFrom !== leader) return unknown(`${leader} leads, but the membership was read from ${readFrom}`);
  const voters = voterIds(raft.value);
  if (!voters.includes(leader)) return unknown(`${leader} says that it leads, but is not a voter`);
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

const bothClaim = (claimants: readonly Member[]) =>
  `${claimants.map(({ pod }) => pod).join(' and ')} both say that they lead`;

/** Each member in a few words, for a message. */
export const states = (members: Members): string =>
  [...members]
    .map(([pod, member]) => (member.kind === 'known' ? stateOf(member.value) : `${pod} did not answer`))
    .join(', ');

function stateOf(member: Member): string {
  if (!member.initialized) return `${member.pod} is not initialized`;
  if (member.sealed) return `${member.pod} is sealed`;
  return `${member.pod} ${claimsLeadership(member) ? 'leads' : 'is a standby'}`;
}
