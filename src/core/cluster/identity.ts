import { knownClusterId } from '../model/cluster-ids.ts';
import { saidBefore } from '../model/conditions.ts';
import { inWords } from '../model/explanation.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { unknown } from '../model/known.ts';
import type { ClusterEvent } from '../model/decision.ts';
import { emptyDisks } from '../model/kubectl.ts';
import type { Observation } from '../model/observation.ts';
import { held, unchanged, type Notice, type ConcernResult } from '../model/cluster-concern.ts';
import { answers, memberClaims } from '../model/selectors.ts';

export const secondClusterDetected = 'SecondClusterDetected';

/**
 * The ids of OpenBao clusters among the pods that are not this one's. A pod 0 that starts on an empty disk while it
 * is told to initialize can make one (docs/facts/openbao-measured.md, 0.2).
 */
function foreignMembers(
  observation: Observation,
  status: OpenBaoClusterStatus,
): readonly { readonly pod: string; readonly clusterId: string }[] {
  const clusterID = knownClusterId(status, memberClaims(observation));
  const seen = answers(observation).flatMap(({ pod, clusterId }) =>
    clusterId === undefined ? [] : [{ pod, clusterId }],
  );
  // Whose data is being replaced gets another id (restored.ts); two at once are still two clusters.
  if (clusterID !== undefined && status.restore === undefined)
    return seen.filter((each) => each.clusterId !== clusterID);
  // None is recorded yet: which of several is the right one cannot be told.
  return new Set(seen.map((each) => each.clusterId)).size > 1 ? seen : [];
}

/** Says that there are two clusters, and what to do. */
export function decideIdentity(observation: Observation, status: OpenBaoClusterStatus): ConcernResult {
  const found = foreignMembers(observation, status);
  if (found.length === 0) return unchanged(status);
  const notice = secondCluster(observation, status, found);
  const known = saidBefore(status, 'Degraded');
  const events: readonly ClusterEvent[] =
    known?.reason === secondClusterDetected || status.breakGlass?.active === true
      ? []
      : [
          {
            type: 'Warning',
            reason: secondClusterDetected,
            action: 'CompareClusterIds',
            note: inWords(notice),
          },
        ];
  return { ...unchanged(status, notice), events };
}

function secondCluster(
  observation: Observation,
  status: OpenBaoClusterStatus,
  found: ReturnType<typeof foreignMembers>,
): Notice {
  const { cluster } = observation;
  const clusterID = knownClusterId(status, memberClaims(observation));
  const { name = '' } = cluster.metadata;
  const list = found.map(({ pod, clusterId }) => `${pod} (${clusterId})`).join(', ');
  const own =
    clusterID === undefined ? 'no ID is recorded for this cluster yet' : `this cluster is ${clusterID}`;
  const remedy =
    clusterID === undefined
      ? `keep one of them, and for each pod POD of every other ${emptyDisks(cluster.metadata, ['POD'])}`
      : emptyDisks(
          cluster.metadata,
          found.map(({ pod }) => pod),
        );
  return held(
    secondClusterDetected,
    `pods of ${name} belong to another OpenBao cluster: ${list}; ${own}. Upgrades, scaling and changes of pods have stopped. Data written to the other cluster is not in this one`,
    { remedy: `Save what you need, then, with the verb maintenance, ${remedy}` },
  );
}

/** While two clusters answer, what either says about membership is not to be trusted. */
export function withTrustedRaft(observation: Observation, status: OpenBaoClusterStatus): Observation {
  if (foreignMembers(observation, status).length === 0) return observation;
  return { ...observation, raft: unknown('pods of two different OpenBao clusters answer') };
}
