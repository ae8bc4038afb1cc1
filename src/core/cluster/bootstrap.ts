import type { PersistentVolumeClaim } from '../../api/kubernetes.ts';
import { documents } from '../../api/documents.ts';
import { clusterIdAnnotation } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { serverContainer } from '../model/names.ts';
import { held, unchanged, waiting, type Concern, type Notice } from '../model/cluster-concern.ts';
import { wasInitialized } from '../model/cluster-ids.ts';
import { deletePod } from '../model/kubectl.ts';
import { liveNames } from '../model/members.ts';
import type { Observation } from '../model/observation.ts';
import { answers, memberClaims, clusterName, podsByName } from '../model/selectors.ts';

/** What a cluster waits for that is not initialized, or should be by all that is known and is not. */
export const decideInitialization: Concern = (observation, status) => {
  const { cluster } = observation;
  const notice = goingVolumes(observation, status) ?? missingData(observation, status);
  if (notice !== undefined) return unchanged(status, notice);
  const claims = memberClaims(observation);
  if (wasInitialized(status, claims) || cluster.spec.selfInit?.enabled !== false) return unchanged(status);
  const { namespace = '' } = cluster.metadata;
  const pod = `${clusterName(cluster)}-0`;
  return unchanged(
    status,
    held('SelfInitRequired', 'spec.selfInit.enabled is false and the cluster is not initialized', {
      remedy: `Initialize it, keep what this prints, and set up auth/jwt-operator (${documents.initialize})`,
      commands: [{ line: `kubectl exec -n ${namespace} ${pod} -c ${serverContainer} -- bao operator init` }],
    }),
  );
};

/** A member 0 that starts beside them is told to make no cluster, and is not told anew once they are gone. */
export const volumesGoing = 'VolumesGoing';

function goingVolumes(observation: Observation, { initialized }: OpenBaoClusterStatus): Notice | undefined {
  const { statefulSet } = observation;
  const isThere = statefulSet.kind === 'unknown' || statefulSet.value !== undefined;
  if (initialized === true || isThere) return undefined;
  const going = memberClaims(observation).flatMap(({ metadata }) =>
    metadata.deletionTimestamp === undefined ? [] : [metadata.name ?? ''],
  );
  if (going.length === 0) return undefined;
  const message = `volumes of an earlier cluster are being deleted (${going.toSorted().join(', ')}); the members are made when they are gone`;
  return waiting(volumesGoing, message);
}

/**
 * Every member answers that it is not initialized, although the cluster was: it is not made anew, for that would be
 * another one under the name of data that may come back.
 */
function missingData(observation: Observation, status: OpenBaoClusterStatus): Notice | undefined {
  const { cluster } = observation;
  const pods = podsByName(observation);
  const members = answers(observation);
  const isWhole = pods !== undefined && pods.size > 0 && members.length === pods.size;
  if (!isWhole || members.length < (status.replicas ?? 1)) return undefined;
  if (members.some(({ initialized }) => initialized)) return undefined;
  const marked = markedOf(observation);
  const all = members.map(({ pod }) => pod).join(', ');
  if (marked.length > 0 && status.initialized !== true) return unmark(observation, all, marked);
  if (status.initialized !== true) return undefined;
  return held(
    'DataMissing',
    `${clusterName(cluster)} was initialized, and no member has its data: ${all} answer that they are not. No other cluster is made in its place`,
    {
      remedy: `Bring the volumes back. If they are lost, create the cluster again and restore a snapshot (${documents.emptyCluster})`,
    },
  );
}

function unmark({ cluster }: Observation, all: string, marked: readonly string[]): Notice {
  const { namespace = 'default' } = cluster.metadata;
  return held(
    'DataMissing',
    `no member is initialized (${all} answer so), although volumes are marked with data of an OpenBao cluster: ${marked.join(', ')}. Beside data no cluster is made`,
    {
      remedy: `See whether they hold data (${documents.emptyCluster}). If they hold none, take the mark off, then ${deletePod(cluster.metadata, liveNames(cluster).pod(0))}`,
      commands: [
        { line: `kubectl annotate pvc -n ${namespace} ${marked.join(' ')} ${clusterIdAnnotation}-` },
      ],
    },
  );
}

const markedOf = (observation: Observation): readonly string[] =>
  memberClaims(observation)
    .filter((claim) => claim.metadata.deletionTimestamp === undefined && isMarked(claim))
    .map(({ metadata }) => metadata.name ?? '')
    .toSorted();

const isMarked = ({ metadata }: PersistentVolumeClaim): boolean =>
  metadata.annotations?.[clusterIdAnnotation] !== undefined;
