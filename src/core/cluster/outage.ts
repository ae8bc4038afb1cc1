import { documents } from '../../api/documents.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { held, type Notice } from '../model/cluster-concern.ts';
import type { Verdict } from '../model/conditions.ts';
import { liveNames } from '../model/members.ts';
import type { Observation } from '../model/observation.ts';
import { patched } from '../model/patch.ts';
import { isPaused, podsByName } from '../model/selectors.ts';
import { lastWords } from '../model/startup-failure.ts';
import { parseTimestamp, timestamp } from '../model/time.ts';
import { membersLook } from '../upgrade/rolling/diagnosis.ts';

/** Longer than any election, and than all members take that start at once. */
const electionMs = 5 * 60_000;
/** Volumes are made and an image is pulled first. */
const initializationMs = 15 * 60_000;

/**
 * With the time since which nobody is known to lead. A pause before there is data is nobody's fault, and however long it
 * took to initialize a cluster, its first election has a time of its own.
 *
 * @param cluster as it is stored
 */
export function withOutage(
  cluster: Observation['cluster'],
  status: OpenBaoClusterStatus,
  available: Verdict,
  now: number,
): OpenBaoClusterStatus {
  const isOut = available.status !== 'True' && (status.initialized === true || !isPaused(cluster));
  const isNew = status.initialized === true && cluster.status?.initialized !== true;
  const before = isNew ? undefined : status.unavailableSince;
  const unavailableSince = isOut ? (before ?? timestamp(now)) : undefined;
  return unavailableSince === status.unavailableSince ? status : patched(status, { unavailableSince });
}

/**
 * What would have passed by itself has passed by now: nobody leads, or can be told to lead, and no operation is in
 * progress whose own deadline would say so. That it is unknown for so long needs a person too.
 *
 * @param status with the time since which it is so
 */
export function longOutage(
  observation: Observation,
  status: OpenBaoClusterStatus,
  { reason, message }: Verdict,
  now: number,
): Notice | undefined {
  const { unavailableSince, initialized, upgrade, scaling, restore } = status;
  const since = parseTimestamp(unavailableSince);
  const operations = [upgrade, scaling, restore, activeBlueGreen(status)];
  if (since === undefined || operations.some((each) => each !== undefined)) return undefined;
  if (now - since < (initialized === true ? electionMs : initializationMs)) return undefined;
  const { cluster } = observation;
  const commands = membersLook(cluster).map(({ words }) => ({ line: `kubectl ${words}` }));
  if (initialized !== true) {
    const first = liveNames(cluster).pod(0);
    const words = lastWords(podsByName(observation)?.get(first));
    const why = words === undefined ? '' : `; ${words}`;
    return held(
      'NotInitialized',
      `${first} has not initialized the cluster since ${unavailableSince}${why}`,
      {
        remedy: 'See what keeps it from running',
        commands,
      },
    );
  }
  const remedy = `Bring the members back and delete no volume; where the disks of a majority are lost, restore (${documents.emptyCluster})`;
  return held(
    reason === 'NoLeader' ? 'NoLeader' : 'LeaderUnknown',
    `nobody is known to lead since ${unavailableSince}: ${message}`,
    { remedy, commands },
  );
}
