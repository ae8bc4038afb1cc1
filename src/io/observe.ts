import type { KubernetesObject, PersistentVolumeClaim, Pod, PodDisruptionBudget } from '../api/kubernetes.ts';
import { componentLabel, components } from '../api/labels.ts';
import { parseOpenBaoCluster, type OpenBaoCluster } from '../api/openbaocluster.ts';
import { defined } from '../api/object-fields.ts';
import type {
  ClusterSecrets,
  Member,
  Observation,
  RaftConfiguration,
  Room,
  SealableNamespace,
  TokenIssuer,
} from '../core/model/observation.ts';
import { known, unknown, type Known } from '../core/model/known.ts';
import { isReachable } from '../core/model/server-container.ts';
import { activeMember } from '../core/raft/leader.ts';
import { isOfOwnSet } from '../core/cluster/own-sets.ts';
import { answersOf, type Members } from '../core/raft/members.ts';
import { knowsSealables, needsSealables } from '../core/upgrade/namespace-keys.ts';
import { needsRoom } from '../core/upgrade/capacity.ts';
import { names } from '../core/model/names.ts';
import { targetIn } from '../core/model/selectors.ts';
import { readKnown } from './read-known.ts';
import { greenNames, liveNames } from '../core/model/members.ts';
import type { ClusterKey } from './kubernetes/admission-facts.ts';
import type { ClusterCaches } from './kubernetes/cluster-caches.ts';
import { observeJobs, type MadeJobs } from './kubernetes/made-jobs.ts';

/** OpenBao, as the controller reads it. Nothing here changes anything in it. */
export interface ObserverOfOpenBao {
  /** What a pod says of itself. @throws Error that fits behind a colon */
  member(cluster: OpenBaoCluster, pod: Pod): Promise<Member>;
  /** Membership, from the pod that leads. @throws Error that fits behind a colon */
  raftConfiguration(cluster: OpenBaoCluster, leader: Pod): Promise<RaftConfiguration>;
  /** Every version that was ever active, from the pod that leads. @throws Error that fits behind a colon */
  versionHistory(cluster: OpenBaoCluster, leader: Pod): Promise<readonly string[]>;
  /** Which of these members hold the keys of which sealable namespaces. @throws Error that fits behind a colon */
  sealableNamespaces(
    cluster: OpenBaoCluster,
    leader: Pod,
    others: readonly Pod[],
  ): Promise<readonly SealableNamespace[]>;
}

export interface ObserveTools {
  readonly caches: ClusterCaches;
  readonly made: Pick<MadeJobs, 'has'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly openbao: ObserverOfOpenBao;
  readonly secrets: (cluster: OpenBaoCluster) => Promise<ClusterSecrets>;
  readonly namespace: (name: string) => Promise<KubernetesObject>;
  readonly issuer: () => Promise<TokenIssuer>;
  readonly room: (cluster: OpenBaoCluster) => Promise<Room>;
  /** Operation ids of the restores of this cluster that are under way. */
  readonly restoresUnderWay: (key: ClusterKey) => Known<readonly string[]>;
  /** For how long the lock has been seen as it is, in milliseconds by a clock that nobody sets. */
  readonly lockUnchangedMs: (cluster: OpenBaoCluster) => number;
  /** Children that are not as they should be. */
  readonly drifted: (
    cluster: OpenBaoCluster,
    claims: readonly PersistentVolumeClaim[],
  ) => Promise<readonly KubernetesObject[]>;
}

/**
 * Reads everything that a decision about a cluster rests on. What cannot be read is unknown and says why.
 *
 * @param stored the OpenBaoCluster as the API server has it
 * @throws SchemaViolation when it is not an OpenBaoCluster
 */
export async function observe(tools: ObserveTools, stored: KubernetesObject): Promise<Observation> {
  const { caches } = tools;
  const cluster = parseOpenBaoCluster(stored);
  const { namespace: space = '', name = '' } = cluster.metadata;
  const key: ClusterKey = { namespace: space, name };
  const allPods = caches.pods(key);
  const pods = allPods.filter(({ metadata }) => metadata.labels?.[componentLabel] === components.server);
  // At one moment with their pods: a Job that ends during the reads below would come without its last words.
  const jobs = observeJobs(caches, key, tools.made, cluster.status?.madeJobs ?? [], tools.now());
  const claims = caches.claims(key);
  const sets = caches.statefulSets(key);
  const green = greenNames(cluster);
  const [members, secrets, namespace, issuer, room, drifted] = await Promise.all([
    readMembers(
      tools.openbao,
      cluster,
      pods.filter((pod) => isOfOwnSet(cluster, sets, pod)),
    ),
    readKnown(() => tools.secrets(cluster)),
    readKnown(() => tools.namespace(space)),
    readKnown(() => tools.issuer()),
    needsRoom(cluster) ? readKnown(() => tools.room(cluster)) : undefined,
    readKnown(() => tools.drifted(cluster, claims)),
  ]);
  const leader = activePod(members, pods);
  const asLeader = <T>(reading: (pod: Pod) => Promise<T>): Promise<Known<T>> =>
    leader === undefined ? Promise.resolve(unknown('no member leads')) : readKnown(() => reading(leader));
  const [raft, versionHistory, sealables] = await Promise.all([
    asLeader((pod) => tools.openbao.raftConfiguration(cluster, pod)),
    asLeader((pod) => tools.openbao.versionHistory(cluster, pod)),
    needsSealables(cluster)
      ? asLeader((pod) => readSealables(tools.openbao, cluster, members, pods, pod))
      : undefined,
  ]);
  return {
    cluster,
    statefulSet: known(caches.statefulSet({ namespace: space, name: liveNames(cluster).statefulSet })),
    ...(green === undefined
      ? {}
      : { greenStatefulSet: known(caches.statefulSet({ namespace: space, name: green.statefulSet })) }),
    statefulSets: known(sets),
    disruptionBudget: known(caches.child(budgetOf(cluster)) as PodDisruptionBudget | undefined),
    pods: known(pods),
    claims: known(claims),
    jobs: known(jobs),
    restoresUnderWay: tools.restoresUnderWay(key),
    lockUnchangedMs: tools.lockUnchangedMs(cluster),
    members,
    raft,
    versionHistory,
    secrets,
    namespace,
    issuer,
    ...defined({ room, sealables }),
    drifted,
  };
}

const budgetOf = (cluster: OpenBaoCluster) =>
  targetIn(
    cluster,
    'policy/v1',
    'PodDisruptionBudget',
    names(cluster.metadata.name ?? '').podDisruptionBudget,
  );

/** @param pods whoever makes one of a member's name would be sent the controller's token: members alone are dialled */
async function readMembers(
  openbao: ObserverOfOpenBao,
  cluster: OpenBaoCluster,
  pods: readonly Pod[],
): Promise<ReadonlyMap<string, Known<Member>>> {
  const answers = pods.filter(isReachable).map(async (pod) => {
    const { name = '' } = pod.metadata;
    return [name, await readKnown(() => openbao.member(cluster, pod))] as const;
  });
  return new Map(await Promise.all(answers));
}

/**
 * Members before 2.6 know no sealable namespace, and cannot lead on data that has one
 * (docs/facts/openbao-2.6-measured.md, 0.4): where one leads there is none to ask about.
 */
async function readSealables(
  openbao: ObserverOfOpenBao,
  cluster: OpenBaoCluster,
  members: Members,
  pods: readonly Pod[],
  leader: Pod,
): Promise<readonly SealableNamespace[]> {
  const mayHold = ({ metadata }: Pod) => {
    const member = members.get(metadata.name ?? '');
    return member?.kind === 'known' && !member.value.sealed && knowsSealables(member.value.version);
  };
  if (!mayHold(leader)) return [];
  const others = pods.filter((pod) => pod !== leader && mayHold(pod));
  const found = await openbao.sealableNamespaces(cluster, leader, others);
  const asked = new Set([leader, ...others].map(({ metadata }) => metadata.name));
  const rest = [...members].flatMap(([name, member]) =>
    asked.has(name) ? [] : [[name, member.kind === 'known' ? known(false) : member] as const],
  );
  return found.map(({ path, unsealed }) => ({ path, unsealed: new Map([...unsealed, ...rest]) }));
}

/** Whom to ask for what only the leader says. */
function activePod(members: Members, pods: readonly Pod[]): Pod | undefined {
  const name = activeMember(answersOf(members))?.pod;
  return pods.find(({ metadata }) => name !== undefined && metadata.name === name);
}
