import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined, omit } from '../../api/object-fields.ts';
import { imageOf } from '../model/server-container.ts';
import { withMadeJobs } from '../jobs/record.ts';
import { knownClusterId, wasInitialized } from '../model/cluster-ids.ts';
import { restartAtAnnotation } from '../../api/labels.ts';
import { isHalfRolled } from '../workload/partition.ts';
import { isObserved, isOfUpdateRevision } from '../workload/update-revision.ts';
import { byMember, liveRevision, memberNamed } from '../model/members.ts';
import { activeMember, markedLeader } from '../raft/leader.ts';
import { pendingRestart } from '../workload/pending-restart.ts';
import { appliedImage } from '../workload/applied-image.ts';
import type { ClusterEvent } from '../model/decision.ts';
import type { Member, Observation } from '../model/observation.ts';
import { unchanged, type Concern, type ConcernResult } from '../model/cluster-concern.ts';
import {
  answers,
  claimsByPod,
  memberClaims,
  isReady,
  isUnsealed,
  memberOf,
  podsByName,
  wantedReplicas,
} from '../model/selectors.ts';

type Status = OpenBaoClusterStatus;

/** What is seen, written down: also while paused. What could not be read stays as it was. */
export const decideFacts: Concern = (observation, before): ConcernResult => {
  const { metadata } = observation.cluster;
  const status = [
    size,
    readiness,
    initialization,
    leadership,
    membership,
    volumes,
    restartPending,
    jobsMade,
  ].reduce<Status>(
    (so, far) => far(observation, so),
    before.observedGeneration === metadata.generation || metadata.generation === undefined
      ? before
      : { ...before, observedGeneration: metadata.generation },
  );
  return { ...unchanged(status), events: changesOf(before, status) };
};

/** The StatefulSet that is there says the size; a new one gets the wanted one at once. */
function size(observation: Observation, status: Status): Status {
  const { cluster, statefulSet } = observation;
  if (statefulSet.kind === 'unknown') return status;
  const wanted = wantedReplicas(cluster);
  if (status.replicas === undefined)
    return { ...status, replicas: statefulSet.value?.spec?.replicas ?? wanted };
  // Before there is data, nobody has to join one after another. It only grows: data may be there unseen.
  return !wasInitialized(status, memberClaims(observation)) && wanted > status.replicas
    ? { ...status, replicas: wanted }
    : status;
}

function readiness(observation: Observation, status: Status): Status {
  const pods = podsByName(observation);
  if (pods === undefined) return status;
  const { cluster } = observation;
  const serving = liveRevision(cluster.status);
  const readyReplicas = [...pods.values()].filter(
    (pod) => isReady(pod) && memberNamed(cluster, pod.metadata.name ?? '')?.revision === serving,
  ).length;
  return status.readyReplicas === readyReplicas ? status : { ...status, readyReplicas };
}

/** Whether it was ever initialized, which cluster it is and what it runs: each is recorded once. */
function initialization(observation: Observation, status: Status): Status {
  const members = answers(observation);
  let next = status;
  if (status.initialized !== true && members.some(({ initialized }) => initialized)) {
    next = { ...next, initialized: true };
  }
  const ids = new Set(members.flatMap(({ clusterId }) => clusterId ?? []));
  // Where the status was lost, the volumes know whose leader it must be.
  const leader = activeOf(
    observation,
    defined({ clusterID: knownClusterId(status, memberClaims(observation)) }),
  );
  if (leader === undefined || ids.size > 1) return next;
  if (next.clusterID === undefined && leader.clusterId !== undefined) {
    next = { ...next, clusterID: leader.clusterId };
  }
  if (next.currentVersion === undefined) {
    const restartAt = carriedOutRestart(observation);
    next = {
      ...next,
      currentVersion: leader.version,
      ...defined({ lastRestartAt: restartAt }),
    };
  }
  const image = imageOfLeader(observation, leader);
  if (next.image === undefined && image !== undefined) next = { ...next, image };
  return next;
}

/** What the members were made for, all of them; one that is under way and was lost is carried out again. */
function carriedOutRestart({ cluster, statefulSet }: Observation): string | undefined {
  const { restartAt } = cluster.spec.maintenance ?? {};
  if (statefulSet.kind === 'unknown' || statefulSet.value === undefined) return restartAt;
  return isHalfRolled(statefulSet.value)
    ? undefined
    : statefulSet.value.spec?.template?.metadata?.annotations?.[restartAtAnnotation];
}

/**
 * As the leader's template says: the pod itself may have been given a mirror's or a digest's name at admission.
 * A pod of an older template can only be asked itself.
 */
function imageOfLeader(observation: Observation, leader: Member): string | undefined {
  const pod = podsByName(observation)?.get(leader.pod);
  const { statefulSet } = observation;
  if (pod === undefined || statefulSet.kind === 'unknown') return undefined;
  const { value: set } = statefulSet;
  const isNewest = set !== undefined && isObserved(set) && isOfUpdateRevision(pod, set);
  return isNewest ? appliedImage(set) : imageOf(pod.spec);
}

/** The active node, if it has answered of this cluster. */
const activeOf = (observation: Observation, status: Status): Member | undefined =>
  activeMember(answers(observation).filter((member) => isUnsealed(member, status)));

function leadership(observation: Observation, status: Status): Status {
  const { raft, members } = observation;
  const leader =
    raft.kind === 'known' ? markedLeader(raft.value.servers) : activeOf(observation, status)?.pod;
  if (leader !== undefined) {
    return status.activeLeader === leader ? status : { ...status, activeLeader: leader };
  }
  const pods = podsByName(observation);
  const silent = pods === undefined || [...members.values()].some(({ kind }) => kind === 'unknown');
  if (silent || status.activeLeader === undefined) return status;
  const rest = omit(status, 'activeLeader');
  return rest;
}

/** Whether pods run an older template than the one that waits for the next upgrade or restart. */
function restartPending({ statefulSet }: Observation, status: Status): Status {
  if (statefulSet.kind === 'unknown' || statefulSet.value === undefined) return status;
  if (status.upgrade !== undefined || status.initialized !== true) return status;
  const pending = pendingRestart(statefulSet.value);
  if (pending === undefined || pending === (status.pendingRestart ?? false)) return status;
  const rest = omit(status, 'pendingRestart');
  return pending ? { ...rest, pendingRestart: true } : rest;
}

/** What the API server's answer has proved outlives this process. */
const jobsMade = ({ jobs }: Observation, status: Status): Status =>
  jobs.kind === 'known' ? withMadeJobs(status, jobs.value) : status;

/** For the gate: who votes. Written when it changes, in the order of the ordinals. */
function membership({ cluster, raft }: Observation, status: Status): Status {
  if (raft.kind === 'unknown') return status;
  const idsOf = (voter: boolean) =>
    inOrder(
      cluster,
      raft.value.servers.filter((server) => server.voter === voter).map(({ id }) => id),
    );
  const leader = markedLeader(raft.value.servers);
  const next = { voters: idsOf(true), nonVoters: idsOf(false), ...defined({ leader }) };
  const { voters = [], nonVoters = [], leader: former } = status.raft ?? {};
  const same =
    status.raft !== undefined &&
    former === leader &&
    equal(voters, next.voters) &&
    equal(nonVoters, next.nonVoters);
  return same ? status : { ...status, raft: next };
}

/**
 * Remembers the volume of each member from the first time that it takes part. Another volume under the same id is
 * an empty disk that votes (docs/facts/openbao.md, fact 8; disks.ts acts), until it holds all that the leader had
 * when the member was first seen with it.
 */
function volumes(observation: Observation, status: Status): Status {
  const { raft } = observation;
  const claims = claimsByPod(observation);
  if (raft.kind === 'unknown' || claims === undefined) return status;
  const before = status.members ?? [];
  const members = raft.value.servers.flatMap(({ id }) => {
    const recorded = before.find(({ name }) => name === id);
    const claim = claims.get(id)?.metadata;
    const member = memberOf(observation, id);
    const present = claim?.uid !== undefined && claim.deletionTimestamp === undefined;
    if (!present || !isUnsealed(member, status)) return recorded ?? [];
    if (recorded === undefined) return { name: id, claimUID: claim.uid };
    if (recorded.claimUID === claim.uid) {
      return recorded.catchUpIndex === undefined ? recorded : { name: id, claimUID: claim.uid };
    }
    return refilled(recorded, claim.uid, member, memberOf(observation, raft.value.readFrom));
  });
  const sorted = inOrder(
    observation.cluster,
    members.map(({ name }) => name),
  ).flatMap((name) => members.find((member) => member.name === name) ?? []);
  const same =
    sorted.length === before.length && sorted.every((member, index) => equalMember(member, before[index]));
  return same ? status : { ...status, members: sorted };
}

type Volume = NonNullable<Status['members']>[number];

function refilled(
  recorded: Volume,
  claimUID: string,
  member: Member | undefined,
  leader: Member | undefined,
): Volume {
  const { catchUpIndex } = recorded;
  if (catchUpIndex === undefined) {
    return leader?.lastIndex === undefined ? recorded : { ...recorded, catchUpIndex: leader.lastIndex };
  }
  return (member?.appliedIndex ?? -1) >= catchUpIndex ? { name: recorded.name, claimUID } : recorded;
}

const equalMember = (a: Volume, b: Volume | undefined) =>
  a.name === b?.name && a.claimUID === b.claimUID && a.catchUpIndex === b.catchUpIndex;

const equal = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((each, index) => each === b[index]);

const inOrder = (cluster: OpenBaoCluster, ids: readonly string[]): string[] =>
  ids.toSorted(byMember(cluster));

function changesOf(before: Status, after: Status): readonly ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (before.initialized !== true && after.initialized === true) {
    events.push({
      type: 'Normal',
      reason: 'Initialized',
      action: 'Initialize',
      note: 'The cluster is initialized; self-init is no longer configured on pod 0.',
    });
  }
  const { activeLeader: former } = before;
  const { activeLeader: leader } = after;
  if (leader !== undefined && leader !== former) {
    const note =
      former === undefined ? `${leader} leads.` : `${leader} leads; the leader before was ${former}.`;
    events.push({ type: 'Normal', reason: 'LeaderChanged', action: 'Observe', note });
  }
  return events;
}
