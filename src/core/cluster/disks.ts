import { executorJob } from '../jobs/executor-job.ts';
import { followedJob } from '../jobs/followed-job.ts';
import { jobFailure, jobHindrance, jobReport } from '../jobs/job-outcome.ts';
import type { ExecutorStep } from '../jobs/step.ts';
import { peersOf } from '../raft/peers.ts';
import { whyRemovalUnderWay } from '../raft/removal.ts';
import { stageOf, activeBlueGreen } from '../model/blue-green.ts';
import { everStarted } from '../model/server-container.ts';
import type { Effect } from '../model/decision.ts';
import { emptyDisks } from '../model/kubectl.ts';
import type { Observation } from '../model/observation.ts';
import {
  held,
  unchanged,
  waiting,
  type Concern,
  type Notice,
  type ConcernResult,
} from '../model/cluster-concern.ts';
import { isMixed } from './mix.ts';
import { whyNotRemove } from './scale/shrink.ts';
import {
  claimsByPod,
  isStopped,
  isUnsealed,
  memberOf,
  podsByName,
  wantedReplicas,
} from '../model/selectors.ts';

/**
 * A member that lost its disk comes back under its id as a full voter with an empty log: two of them can lose what
 * was acknowledged (docs/facts/openbao.md, fact 8). So it is removed from Raft before it counts, and joins anew.
 *
 * Lost: its volume is being deleted, and its pod is gone or going; or the volume is another one than its log
 * was written to (`status.members`), and nothing has run on it or it is sealed. One that is unsealed is past
 * the danger once it has caught up, and removing it then would only strand it: the executor looks for that
 * itself, right before it acts.
 */
export const decideDisks: Concern = (observation, status, context): ConcernResult => {
  const { cluster, raft, jobs } = observation;
  const removalOf = (volume: Volume) => executorJob(cluster, stepFor(volume), context.settings);
  const removals = jobs.kind === 'known' ? jobs.value : [];
  const lost = lostMembers(observation, status.members ?? []).filter(
    (volume) => jobReport(followedJob(removals, removalOf(volume)).observed)?.reason !== 'MemberRecovered',
  );
  // Votes are on their way from one half to the other, or a half is on its way out, members first: nothing else takes
  // any away.
  const blueGreen = activeBlueGreen(status);
  const isMoving = blueGreen !== undefined && stageOf(blueGreen.phase) !== 'early';
  const stranded = isMoving ? [] : strandedMembers(observation, status);
  const [first] = lost;
  if (first === undefined || raft.kind === 'unknown' || jobs.kind === 'unknown')
    return unchanged(status, ...stranded);
  const { name } = first;
  const wait = (message: string) =>
    unchanged(status, waiting('DiskLost', `${name} has lost its volume; ${message}`), ...stranded);
  if (isMoving)
    return wait(`it is not repaired in ${blueGreen.phase}, in which only the upgrade changes who votes`);
  if (isStopped(cluster, status))
    return wait('it is not repaired while the cluster is paused or in break glass');
  // It keeps the vote that it has under its id, and would get none as a new member.
  if (isMixed(status))
    return wait(
      'it is not removed from Raft, for while members run versions before 2.6 and from 2.6 on it would get no vote again; it is caught up under its id instead',
    );
  if (status.scaling?.step === 'RemovingPeer') return wait('only one member is removed at a time');
  const peers = peersOf(observation, status.replicas ?? wantedReplicas(cluster), status.clusterID);
  const unsafe = whyNotRemove({ observation, peers }, name);
  if (unsafe !== undefined) return wait(unsafe);
  if (peers.leader.kind === 'unknown' || peers.leader.value === name)
    return wait('it is the leader, or there is no leader');

  const object = removalOf(first);
  const job = followedJob(removals, object);
  if (job.outcome === 'failed') {
    const { namespace = '' } = cluster.metadata;
    return unchanged(
      status,
      held(
        'DiskRepairFailed',
        `${name} has lost its volume and could not be removed from Raft. ${jobFailure(job.observed)}`,
        {
          remedy: 'To try again',
          commands: [{ line: `kubectl -n ${namespace} delete job ${job.name}` }],
        },
      ),
      ...stranded,
    );
  }
  const going = 'it is being removed from Raft so that it can join again';
  if (job.outcome !== 'absent') {
    const hindrance = jobHindrance(job.observed);
    return wait(hindrance === undefined ? going : `${going}: Job ${job.name} (${hindrance})`);
  }
  const another = whyRemovalUnderWay(jobs);
  if (another !== undefined) return wait(another);
  const effects: readonly Effect[] = [{ kind: 'create', object }];
  const note = `${name} has lost its volume and is being removed from Raft so that it can join again.`;
  return {
    ...wait(going),
    effects,
    events: [{ type: 'Warning', reason: 'DiskLost', action: 'RemovePeer', note }],
  };
};

type Volume = { readonly name: string; readonly claimUID: string };

const stepFor = ({ name, claimUID }: Volume): ExecutorStep => ({
  action: 'remove-peer',
  operationId: idOf(claimUID),
  pod: name,
  onlyWhileSealed: true,
});

/** Members that Raft still lists, whose log is gone. What could not be read, or is not seen, is taken to be there. */
function lostMembers(observation: Observation, members: readonly Volume[]): readonly Volume[] {
  const { raft } = observation;
  const claims = claimsByPod(observation);
  const pods = podsByName(observation);
  if (claims === undefined || pods === undefined || raft.kind === 'unknown') return [];
  return members.filter(({ name, claimUID }) => {
    const claim = claims.get(name)?.metadata;
    if (claim === undefined || !raft.value.servers.some(({ id }) => id === name)) return false;
    const pod = pods.get(name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
      return claim.deletionTimestamp !== undefined || claim.uid !== claimUID;
    }
    if (claim.uid === claimUID) return false;
    const member = memberOf(observation, name);
    return member === undefined ? !everStarted(pod) : member.sealed;
  });
}

/**
 * Members that run and are unsealed, but that Raft does not list: they were removed, and with the data they have
 * they never join again (docs/facts/openbao-measured.md, section 3). A joiner is listed before it is unsealed.
 */
function strandedMembers(
  observation: Observation,
  status: NonNullable<Observation['cluster']['status']>,
): readonly Notice[] {
  const { raft, cluster } = observation;
  if (raft.kind === 'unknown' || status.scaling !== undefined) return [];
  const { name = '' } = cluster.metadata;
  return peersOf(observation, status.replicas ?? 0, status.clusterID)
    .expected.filter((peer) => isUnsealed(memberOf(observation, peer.name), status))
    .filter((peer) => !raft.value.servers.some(({ id }) => id === peer.name))
    .map((peer) =>
      held(
        'MemberWithoutMembership',
        `${peer.name} runs, but Raft does not list it, and with its data it cannot join again; clients may read old values from it`,
        {
          remedy: `With the verb maintenance on ${name}, ${emptyDisks(cluster.metadata, [peer.name])}`,
        },
      ),
    );
}

/** The same for the same lost disk, another one for the next: letters and digits of the volume's uid. */
const idOf = (claimUID: string) => `disk${claimUID.replaceAll(/[^0-9a-z]/g, '').slice(0, 12)}`;
