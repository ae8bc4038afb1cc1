import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { isPastWayBack } from '../model/blue-green.ts';
import { wantedReplicas } from '../model/selectors.ts';
import { greenNames, liveNames } from '../model/members.ts';
import type { WantedStep } from './jobs.ts';

/**
 * Who is to vote after a restore: the members that serve. While a blue-green upgrade has stopped midway that is
 * its blue half, from Cleanup on its green one.
 */
export const expectedVoters = (cluster: OpenBaoCluster): readonly string[] =>
  namesOf(cluster, isGreens(cluster) ? greenNames(cluster) : undefined);

/**
 * How they get their votes back. In Cleanup blue is to be removed, which no member is that votes, and a snapshot of
 * before the upgrade does not know blue as non-voters: so their votes are taken as well. Where an incident has
 * stopped the way back, promoting blue must do: the rollback takes the votes of green when it is tried again.
 */
export function repairOf(cluster: OpenBaoCluster, attempt: number): WantedStep {
  const voters = expectedVoters(cluster);
  if (!isGreens(cluster)) return { action: 'repair-membership', attempt, voters };
  return {
    action: 'repair-consensus',
    attempt,
    halves: { blue: voters, green: namesOf(cluster, undefined) },
  };
}

/** Whether it is green that serves already. */
const isGreens = ({ status: { blueGreen = {} } = {} }: OpenBaoCluster) =>
  blueGreen.phase === 'Cleanup' || isPastWayBack(blueGreen);

function namesOf(
  cluster: OpenBaoCluster,
  { pod }: Pick<ReturnType<typeof liveNames>, 'pod'> = liveNames(cluster),
): readonly string[] {
  const size = cluster.status?.replicas ?? wantedReplicas(cluster);
  return Array.from({ length: size }, (_, ordinal) => pod(ordinal));
}
