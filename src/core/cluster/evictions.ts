import type { Pod, StatefulSet } from '../../api/kubernetes.ts';
import { defined, omit } from '../../api/object-fields.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { jobName } from '../jobs/job-name.ts';
import { isUnfinished, unfinishedRaftChanges } from '../jobs/unfinished.ts';
import { isReplacingGreen } from '../model/blue-green.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import type { Seen } from '../model/effect.ts';
import type { Known } from '../model/known.ts';
import { greenRevision, liveNames } from '../model/members.ts';
import { ordinalOf } from '../model/names.ts';
import type { Observation, ObservedJob } from '../model/observation.ts';
import { isReplacing } from '../model/rolling.ts';
import { isRemoving } from '../model/scaling.ts';
import {
  clusterName,
  isStopped,
  maintenanceEnabled,
  podsByName,
  targetIn,
  wantedReplicas,
} from '../model/selectors.ts';
import { whyBehind, whyUnhealthy } from '../raft/health.ts';
import { peersOf, peersOfHalves, type Peers } from '../raft/peers.ts';
import { newReference } from '../raft/reference.ts';
import { isOneGoing } from '../workload/disruption-budget.ts';
import { keyRiskWithout } from '../upgrade/namespace-keys.ts';
import { partitionOf } from '../workload/partition.ts';
import { isObserved, isOfUpdateRevision } from '../workload/update-revision.ts';

type Status = OpenBaoClusterStatus;

/**
 * While a member is replaced or removed, no other one may be evicted (docs/design.md, rule 15). But what waits for a
 * person may wait for days, in which no node could be drained: one member may go meanwhile, where nothing is in flight and
 * all have caught up. Whatever is not known says no. What goes on takes that back first, and then waits as ever until
 * nobody can be evicted any more.
 */
export const decideEvictions: Concern = (observation, status) => {
  if (!isOneGoing(status) || !isWaiting(observation, status)) return unchanged(omit(status, 'evictions'));
  const peers = peersIn(observation, status);
  const before = status.evictions ?? {};
  const evictions = { ...omit(before, 'allowed'), ...newReference(before, peers) };
  const isAllowed =
    isNothingInFlight(observation, status) &&
    areWell(peers, leaving(observation.cluster, status), evictions.referenceIndex) &&
    areKeysKept(observation, status, peers);
  return unchanged({ ...status, evictions: { ...evictions, ...(isAllowed ? { allowed: true } : {}) } });
};

/** What may take a member away, as it was seen: it may have been made or changed since, and not be seen yet. */
export function seenInFlight(observation: Observation, status: Status): readonly Seen[] {
  const { cluster } = observation;
  const name = removalJob(cluster, status);
  const job = observedRemoval(observation, status)?.job;
  return [
    ...(name === undefined ? [] : [seen(cluster, 'batch/v1', 'Job', name, job?.metadata.resourceVersion)]),
    ...setsOf(observation).flatMap((set) => {
      const { name: setName, resourceVersion } =
        (set.kind === 'known' ? set.value : undefined)?.metadata ?? {};
      return setName === undefined ? [] : [seen(cluster, 'apps/v1', 'StatefulSet', setName, resourceVersion)];
    }),
  ];
}

const seen = (
  cluster: OpenBaoCluster,
  apiVersion: string,
  kind: string,
  name: string,
  resourceVersion: string | undefined,
): Seen => ({ target: targetIn(cluster, apiVersion, kind, name), ...defined({ resourceVersion }) });

/** Whether a person is waited for: a pause or an incident, or a hold that does nothing by itself. */
function isWaiting(observation: Observation, status: Status): boolean {
  if (isStopped(observation.cluster, status)) return true;
  const { upgrade, blueGreen, scaling } = status;
  if (isReplacing(upgrade)) return upgrade?.held === true;
  if (isReplacingGreen(blueGreen)) return blueGreen?.held === true;
  // Held before its Job was made, it goes on trying to make it.
  return scaling?.held === true && observedRemoval(observation, status) !== undefined;
}

/** The member that is being removed from Raft; undefined where none is. */
const leaving = (cluster: OpenBaoCluster, { scaling }: Status): string | undefined =>
  scaling?.step === 'RemovingPeer' && scaling.replicas !== undefined
    ? liveNames(cluster).pod(scaling.replicas - 1)
    : undefined;

/** The name of the Job that removes it, made or not; or that removes again what has joined late. */
function removalJob(cluster: OpenBaoCluster, { scaling }: Status): string | undefined {
  if (!isRemoving(scaling)) return undefined;
  const { step, operationId = '', replicas = 0, attempt = 1 } = scaling ?? {};
  const pod = liveNames(cluster).pod(step === 'RemovingPeer' ? replicas - 1 : replicas);
  return jobName(clusterName(cluster), { action: 'remove-peer', operationId, pod, attempt });
}

function observedRemoval({ cluster, jobs }: Observation, status: Status): ObservedJob | undefined {
  const name = removalJob(cluster, status);
  return jobs.kind === 'known' ? jobs.value.find(({ job }) => job.metadata.name === name) : undefined;
}

function peersIn(observation: Observation, status: Status): Peers {
  const replicas = status.scaling?.replicas ?? status.replicas ?? wantedReplicas(observation.cluster);
  return greenRevision(status) === undefined
    ? peersOf(observation, replicas, status.clusterID)
    : peersOfHalves(observation, replicas, status.clusterID);
}

/** No Job changes Raft, and the StatefulSet controller takes no pod down. */
function isNothingInFlight(observation: Observation, status: Status): boolean {
  const { jobs } = observation;
  const removal = observedRemoval(observation, status);
  const pods = podsByName(observation);
  return (
    jobs.kind === 'known' &&
    unfinishedRaftChanges(jobs.value).length === 0 &&
    (removal === undefined || !isUnfinished(removal)) &&
    pods !== undefined &&
    setsOf(observation).every(
      (set) => set.kind === 'known' && set.value !== undefined && isAtRest(set.value, pods),
    )
  );
}

const setsOf = ({ statefulSet, greenStatefulSet }: Observation): readonly Known<StatefulSet | undefined>[] =>
  [statefulSet, greenStatefulSet].filter((set) => set !== undefined);

const isAtRest = (set: StatefulSet, pods: ReadonlyMap<string, Pod>): boolean =>
  isObserved(set) &&
  [...pods].every(([name, pod]) => {
    const ordinal = ordinalOf(set.metadata.name ?? '', name);
    return ordinal === undefined || ordinal < partitionOf(set) || isOfUpdateRevision(pod, set);
  });

/**
 * Every voter is a member, and every member a healthy voter that has caught up, but one that has lost its vote to leave.
 *
 * @param index the leader's last index, taken once
 */
function areWell(peers: Peers, leaver: string | undefined, index: number | undefined): boolean {
  const { expected, voters } = peers;
  if (voters.kind === 'unknown') return false;
  const staying = expected.filter(({ name }) => name !== leaver || voters.value.includes(name));
  return (
    voters.value.every((id) => staying.some(({ name }) => name === id)) &&
    staying.every((peer) => whyUnhealthy(peer, peers) === undefined && whyBehind(peer, index) === undefined)
  );
}

/**
 * No keys of a sealable namespace would go with any of them, for that may be what a person is waited for; or the person
 * accepts it. A single member takes them with it in any case.
 */
const areKeysKept = (observation: Observation, status: Status, peers: Peers): boolean =>
  peers.expected.length === 1 ||
  maintenanceEnabled(observation.cluster) ||
  peers.expected.every(
    ({ name }) => keyRiskWithout(observation, peers, [name], status.currentVersion) === undefined,
  );
