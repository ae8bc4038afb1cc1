import type { BlueGreenUpgrade } from '../../../api/openbaocluster.ts';
import { isGreenOnTarget, isPastWayBack, stageOf, type PhaseName } from '../../model/blue-green.ts';
import { known, unknown, type Known } from '../../model/known.ts';
import type { PhaseInput } from './phase.ts';

type Judged = Pick<PhaseInput, 'blueGreen' | 'halves' | 'peers'> & { readonly phase: PhaseName };

/**
 * Why votes and leadership cannot be brought back to blue, a clause; undefined while they can. From Cleanup on blue
 * goes. And where green was upgraded in place, a leader of it gives blue no vote
 * (docs/facts/openbao-2.6-measured.md, 0.2): before blue loses its votes, in DemotingBlue, it does not matter who leads;
 * then a blue member has to. Who leads is read, and not known for the time of an election.
 */
export function whyNoWayBack({ phase, blueGreen, halves, peers }: Judged): Known<string | undefined> {
  if (stageOf(phase) === 'cleanup') return known(`Cleanup began at ${blueGreen.cleanupStartedAt}`);
  const why = (leader: string) => givesNoVotes(blueGreen, leader);
  if (isPastWayBack(blueGreen)) return known(why('a green member'));
  if (blueGreen.upgradesGreenInPlace !== true || phase !== 'DemotingBlue') return known(undefined);
  const { leader } = peers;
  if (leader.kind === 'unknown') return unknown(`no leader is known: ${leader.cause}`);
  return known(halves.blue.includes(leader.value) ? undefined : why(leader.value));
}

/**
 * Why a way back that has begun leads nowhere any more, a clause: while the Job that handed over was being stopped, or
 * blue's leader failed, green came to lead, and a blue member has no vote. Forward from there is always safe.
 */
export function whyTooLate({
  blueGreen,
  halves,
  peers: { leader, voters },
}: Omit<Judged, 'phase'>): string | undefined {
  if (blueGreen.upgradesGreenInPlace !== true || !isGreenOnTarget(blueGreen)) return undefined;
  if (leader.kind === 'unknown' || voters.kind === 'unknown') return undefined;
  const isBack = halves.blue.includes(leader.value) || halves.blue.every((id) => voters.value.includes(id));
  return isBack ? undefined : givesNoVotes(blueGreen, leader.value);
}

const givesNoVotes = ({ blueVersion, greenVersion }: BlueGreenUpgrade, leader: string) =>
  `${leader} leads with ${greenVersion}, and members of ${blueVersion} get no votes from it`;
