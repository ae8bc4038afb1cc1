import type { PersistentVolumeClaim } from '../../api/kubernetes.ts';
import { documents } from '../../api/documents.ts';
import { liveRevisionAnnotation, succeededByAnnotation } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined, omit } from '../../api/object-fields.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { held, type Notice } from '../model/cluster-concern.ts';
import { saidAnew, summary, verdict } from '../model/conditions.ts';
import type { Decision, DecisionContext } from '../model/decision.ts';
import { inWords } from '../model/explanation.ts';
import { withLastError } from '../model/last-error.ts';
import { memberVolumes, volumesDeletion } from '../model/data-door.ts';
import { greenRevision, liveRevision } from '../model/members.ts';
import { serverContainer, setName } from '../model/names.ts';
import type { Observation } from '../model/observation.ts';
import { revisionOfClaim, revisionOfPod, revisionOfSet } from '../model/revisions.ts';
import { clusterName } from '../model/selectors.ts';
import { isOfCluster } from './own-sets.ts';

/**
 * Which set of members serves is read from what is there, and the status only remembers it: lost, pruned or restored
 * from a backup it would have an empty cluster made beside the data (docs/design.md, rule 13). What is unambiguous is
 * adopted; anything else holds, and nothing is applied meanwhile, no Service and no self-initialization either.
 *
 * @returns undefined where the status knows all that is there
 */
export function decideRevision(
  observation: Observation,
  status: OpenBaoClusterStatus,
  context: DecisionContext,
): Pick<Decision, 'status' | 'events' | 'requeueAt' | 'effects'> | undefined {
  const found = judgeRevision(observation, status);
  if (found === undefined) return undefined;
  if (found.kind === 'adopted') {
    const { revision, why } = found;
    const set = setName(clusterName(observation.cluster), revision);
    const note = `The members of ${set} are the live ones, although the status did not say so: ${why}.`;
    return {
      status: adopting(status, revision),
      effects: [],
      events: [{ type: 'Warning', reason: 'RevisionAdopted', action: 'Observe', note }],
      requeueAt: context.now + context.settings.pollMs,
    };
  }
  const { notice } = found;
  return {
    status: withUnknownRevision(observation, withLastError(status, [notice]), notice, context.now),
    effects: [],
    events:
      status.lastErrorReason === notice.reason
        ? []
        : [{ type: 'Warning', reason: notice.reason, action: 'Observe', note: inWords(notice, 1_000) }],
    requeueAt: context.now + context.settings.idlePollMs,
  };
}

type Found =
  | { readonly kind: 'adopted'; readonly revision: string; readonly why: string }
  | { readonly kind: 'held'; readonly notice: Notice };

/** What there is of each revision of the members, by exact names. */
interface Traces {
  /** Of sets that are this cluster's own, or that its deletion has left. */
  readonly sets: readonly string[];
  /** Of pods with a volume of a member; anybody can give a pod a name and a label. */
  readonly pods: readonly string[];
  /** Of members that no other revision has taken over from. */
  readonly claims: readonly string[];
  /** Of those that one has. */
  readonly formerClaims: readonly string[];
}

/** Undefined where it could not be read: whoever needs it waits for it. */
function tracesOf({ cluster, statefulSets, pods, claims }: Observation): Traces | undefined {
  if (statefulSets.kind === 'unknown' || pods.kind === 'unknown' || claims.kind === 'unknown')
    return undefined;
  const ofClaim = ({ metadata }: PersistentVolumeClaim) => revisionOfClaim(cluster, metadata.name ?? '');
  const current = claims.value.filter((claim) => !isFormer(claim));
  const volumes = new Set(current.map(({ metadata }) => metadata.name));
  const sets = statefulSets.value.filter((set) => isOfCluster(cluster, set));
  const members = pods.value.filter(({ metadata }) => volumes.has(`data-${metadata.name}`));
  return {
    sets: distinct(sets.map(({ metadata }) => revisionOfSet(cluster, metadata.name ?? ''))),
    pods: distinct(members.map(({ metadata }) => revisionOfPod(cluster, metadata.name ?? ''))),
    claims: distinct(current.map(ofClaim)),
    formerClaims: distinct(claims.value.filter(isFormer).map(ofClaim)),
  };
}

const distinct = (found: readonly (string | undefined)[]): readonly string[] =>
  [...new Set(found)].filter((each) => each !== undefined);

const isFormer = ({ metadata }: PersistentVolumeClaim): boolean =>
  metadata.annotations?.[succeededByAnnotation] !== undefined;

const adopts = (revision: string, why: string): Found => ({ kind: 'adopted', revision, why });

function judgeRevision(observation: Observation, status: OpenBaoClusterStatus): Found | undefined {
  const traces = tracesOf(observation);
  if (traces === undefined) return undefined;
  return traces.sets.length + traces.pods.length > 0
    ? judgeRunning(observation, status, traces)
    : judgeVolumes(observation, status, traces);
}

/** StatefulSets and pods say more than volumes, some of which are left from former members. */
function judgeRunning(
  observation: Observation,
  status: OpenBaoClusterStatus,
  { sets, pods }: Traces,
): Found | undefined {
  const running = [...new Set([...sets, ...pods])];
  const live = liveRevision(status);
  const strangers = running.filter((each) => each !== live && each !== greenRevision(status));
  const [stranger] = strangers;
  if (stranger === undefined) return judgeHalves(observation, status, { running, sets });
  const named = namedBy(observation, running);
  if (named !== undefined && named !== live) return adopts(named, 'a person has named them');
  const [only, ...others] = running;
  // A status that says otherwise is old; that nobody else runs must be true of OpenBao too, not only of a cache.
  const isSilent = isBlank(status) || answersOf(observation, stranger);
  if (only !== undefined && others.length === 0 && isSilent) return adopts(only, 'no others are there');
  const voting = votersOf(observation);
  if (voting !== undefined && voting !== live && strangers.includes(voting))
    return adopts(voting, 'they alone vote');
  return { kind: 'held', notice: unknownBeside(observation, live, { running, sets }) };
}

/** An old status may be of an upgrade that has ended since: blue, which it would make anew, was removed for good. */
function judgeHalves(
  observation: Observation,
  status: OpenBaoClusterStatus,
  { running, sets }: Running,
): Found | undefined {
  const [live, green] = [liveRevision(status), greenRevision(status)];
  const phase = activeBlueGreen(status)?.phase;
  if (phase === undefined || phase === 'Cleanup' || green === undefined || running.includes(live))
    return undefined;
  if (votersOf(observation) === green) return adopts(green, 'they alone are there, and vote');
  return observation.raft.kind === 'unknown'
    ? { kind: 'held', notice: unknownBeside(observation, live, { running, sets }) }
    : undefined;
}

function judgeVolumes(
  observation: Observation,
  status: OpenBaoClusterStatus,
  { claims, formerClaims }: Traces,
): Found | undefined {
  const live = liveRevision(status);
  // Former volumes alone are older than what was there last.
  const isLost = claims.length === 0;
  const candidates = isLost ? formerClaims : claims;
  const [only, ...others] = candidates;
  // Only a status that names a revision says anything: the first one is what is left when it says nothing.
  const isNamed = status.blueGreen?.blueRevision !== undefined && (isLost || candidates.includes(live));
  if (only === undefined || isNamed || (!isLost && only === live && others.length === 0)) return undefined;
  const named = namedBy(observation, candidates);
  if (named !== undefined) return adopts(named, 'a person has named them');
  if (others.length === 0 && !isLost) return adopts(only, 'there are volumes of no other members');
  const { namespace = 'default' } = observation.cluster.metadata;
  const begin = `. To begin empty instead, without what they hold: ${volumesDeletion(namespace, memberVolumes(observation))}`;
  const volumes = candidates
    .map((each) => `data-${setName(clusterName(observation.cluster), each)}-…`)
    .join(', ');
  return {
    kind: 'held',
    notice: unknownRevision(
      observation,
      candidates,
      isLost
        ? `the only volumes (${volumes}) are those of former members, from which others took over whose volumes are gone`
        : `there are volumes of more than one set of members (${volumes}), and neither a StatefulSet nor the status says which of them holds the data of now`,
      'Find out which one was written to last, then say so',
      isLost ? begin : '',
    ),
  };
}

/** A status that was lost whole, or is not written yet. */
const isBlank = ({ blueGreen, currentVersion, clusterID, raft }: OpenBaoClusterStatus): boolean =>
  blueGreen === undefined && currentVersion === undefined && clusterID === undefined && raft === undefined;

/** The one of these that a person has named. */
function namedBy({ cluster }: Observation, revisions: readonly string[]): string | undefined {
  const named = cluster.metadata.annotations?.[liveRevisionAnnotation];
  return revisions.find((each) => each === named);
}

/** Whether a pod of this revision, the one that is there now, is unsealed. */
function answersOf({ cluster, pods, members }: Observation, revision: string): boolean {
  if (pods.kind === 'unknown') return false;
  return pods.value.some(({ metadata }) => {
    const { name = '', uid } = metadata;
    const member = members.get(name);
    if (revisionOfPod(cluster, name) !== revision || member?.kind !== 'known') return false;
    return member.value.podUID === uid && member.value.initialized && !member.value.sealed;
  });
}

/** The revision that all voters are of, the leader among them; undefined where they are of several, or unknown. */
function votersOf({ cluster, raft, members }: Observation): string | undefined {
  const clusters = new Set(
    [...members.values()].flatMap((each) => (each.kind === 'known' ? (each.value.clusterId ?? []) : [])),
  );
  // While two clusters answer, neither is believed.
  if (raft.kind === 'unknown' || clusters.size !== 1) return undefined;
  const voting = raft.value.servers.filter(({ voter, leader }) => voter || leader);
  const revisions = new Set(voting.map(({ id }) => revisionOfPod(cluster, id)));
  const [only] = revisions;
  return revisions.size === 1 ? only : undefined;
}

/**
 * What a status of other members says of them is forgotten, and read again from these. What cannot be read again
 * stays: the seal, requests, incidents and the snapshot.
 */
const adopting = (status: OpenBaoClusterStatus, revision: string): OpenBaoClusterStatus => ({
  ...omit(
    status,
    'upgrade',
    'scaling',
    'replicas',
    'currentVersion',
    'image',
    'members',
    'raft',
    'activeLeader',
    'unlabeledLeader',
    'pendingRestart',
  ),
  blueGreen: { phase: 'Idle', blueRevision: revision },
});

/** Revisions of which there are sets or pods, and those of which there are sets. */
interface Running {
  readonly running: readonly string[];
  readonly sets: readonly string[];
}

function unknownBeside(observation: Observation, live: string, { running, sets: made }: Running): Notice {
  const { cluster, raft } = observation;
  const { namespace = 'default' } = cluster.metadata;
  const name = clusterName(cluster);
  const podsOf = (revision: string) =>
    observation.pods.kind === 'unknown'
      ? []
      : observation.pods.value
          .map(({ metadata }) => metadata.name ?? '')
          .filter((pod) => revisionOfPod(cluster, pod) === revision);
  const alone = running.filter((each) => !made.includes(each)).flatMap(podsOf);
  const sets = running.map((each) =>
    made.includes(each)
      ? setName(name, each)
      : `${setName(name, each)} (pods alone: ${podsOf(each).join(', ')})`,
  );
  const stray =
    alone.length === 0
      ? ''
      : `. Pods without a StatefulSet that are nobody's members: kubectl delete pod ${alone.join(' ')} -n ${namespace}`;
  const voters =
    raft.kind === 'known'
      ? `; ${raft.value.servers.flatMap(({ id, voter }) => (voter ? [id] : [])).join(', ')} vote`
      : '';
  const leader = raft.kind === 'known' ? raft.value.readFrom : 'LEADER';
  const bao = `kubectl exec -n ${namespace} -it ${leader} -c ${serverContainer} -- env BAO_TOKEN=TOKEN bao operator raft`;
  const isSettled = running.includes(live);
  return unknownRevision(
    observation,
    running,
    `there are members of ${sets.join(' and ')}, and by the status ${setName(name, live)} serves${isSettled ? ' alone' : ', of which there are none'}${voters}`,
    `See who votes and leads (${bao} list-peers). Of the set that is not to stay, remove the members from Raft when they do not vote (${bao} remove-peer ID), then delete the StatefulSet (kubectl delete statefulset SET -n ${namespace}); its volumes stay${stray}. Where the set to stay is not the one that the status knows, say so first`,
  );
}

function unknownRevision(
  { cluster }: Observation,
  revisions: readonly string[],
  what: string,
  remedy: string,
  instead = '',
): Notice {
  const { namespace = 'default' } = cluster.metadata;
  const command = `kubectl annotate openbaocluster ${clusterName(cluster)} -n ${namespace} --overwrite ${liveRevisionAnnotation}=REVISION`;
  return held('RevisionUnknown', `${what}. Nothing is applied until that is settled`, {
    remedy: `${remedy} (REVISION is one of ${revisions.join(', ')}; it needs the verb acknowledge; ${documents.revision})${instead}`,
    commands: [{ line: command }],
  });
}

/** Clients go on being served by what is there; nobody looks how well. */
function withUnknownRevision(
  { cluster }: Observation,
  status: OpenBaoClusterStatus,
  notice: Notice,
  now: number,
): OpenBaoClusterStatus {
  const unsaid = 'which members serve is not known, so their health is not judged';
  const available = verdict('Available', undefined, notice.reason, unsaid);
  const degraded = verdict('Degraded', true, notice.reason, inWords(notice));
  const verdicts = [
    ...summary({ hold: notice, available, work: undefined, degraded, asExpected: '' }),
    available,
    degraded,
  ];
  const { generation } = cluster.metadata;
  return {
    ...status,
    phase: 'Failed',
    conditions: saidAnew(verdicts, status.conditions, generation, now),
    // Of a status that was lost or old it would tell of another spec than the conditions do.
    ...defined({ observedGeneration: generation }),
  };
}
