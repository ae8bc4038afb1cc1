import type {
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StatefulSet,
} from '../../src/api/kubernetes.ts';
import {
  actionAnnotation,
  activeLabel,
  clusterIdAnnotation,
  clusterLabel,
  componentLabel,
  components,
  dataVersionAnnotation,
  operationAnnotation,
} from '../../src/api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../src/api/openbaocluster.ts';
import { defaultDeadlines, type DecisionContext } from '../../src/core/model/decision.ts';
import type {
  Member,
  Observation,
  ObservedJob,
  RaftConfiguration,
} from '../../src/core/model/observation.ts';
import { known, unknown, type Known } from '../../src/core/model/known.ts';
import { cluster as openBaoCluster } from './builders.ts';

/** 2026-01-02T03:04:05Z, when every story begins. */
export const start = Date.UTC(2026, 0, 2, 3, 4, 5);
export const clusterId = 'd929ee05-08fc-e323-fae6-a6d2cde3fc6e';
export const oldRevision = 'prod-1';
export const newRevision = 'prod-2';

/** The label with which the StatefulSet controller says which template a pod was made from. */
export const revisionHashLabel = 'controller-revision-hash';

/** What a decision needs beside the observation, at `start` unless given another time. */
export function context(given: Partial<DecisionContext> = {}): DecisionContext {
  return {
    now: start,
    newOperationId: 'op00000001',
    newNonce: '000102030405060708090a0b0c0d0e0f',
    leaseTransitions: 1,
    settings: {
      imageRepository: 'openbao/openbao',
      executorImage: 'rollguard:test',
      controller: { namespace: 'rollguard-system', serviceAccount: 'rollguard-controller' },
      deadlines: defaultDeadlines,
      pollMs: 1_000,
      idlePollMs: 30_000,
    },
    ...given,
  };
}

interface ServerPodOptions {
  readonly uid?: string;
  readonly image?: string;
  /** The template it was made from. */
  readonly revision?: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Why the container waits, such as ImagePullBackOff; it runs when left out. */
  readonly waiting?: string;
}

/** The pod `prod-<ordinal>`, running and ready; its uid is `pod-<ordinal>`. */
export function serverPod(ordinal: number, options: ServerPodOptions = {}): Pod {
  const { uid = `pod-${ordinal}`, image = 'openbao/openbao:2.5.5', revision = oldRevision } = options;
  const { waiting, ready = waiting === undefined, terminating = false, annotations } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `prod-${ordinal}`,
      namespace: 'bao',
      uid,
      resourceVersion: '1',
      labels: {
        [clusterLabel]: 'prod',
        [componentLabel]: components.server,
        [revisionHashLabel]: revision,
        // As the members of `member()` do.
        [activeLabel]: String(ordinal === 0),
      },
      ...(annotations === undefined ? {} : { annotations }),
      ...(terminating ? { deletionTimestamp: '2026-01-02T03:04:05Z' } : {}),
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'openbao', image }] },
    status: {
      phase: waiting === undefined ? 'Running' : 'Pending',
      podIP: `10.0.0.${ordinal + 1}`,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'openbao',
          ready,
          image,
          restartCount: 0,
          state: waiting === undefined ? { running: {} } : { waiting: { reason: waiting } },
        },
      ],
    },
  };
}

/** What `prod-<ordinal>` says of itself: a standby of `prod-0`, unsealed, at index 100. `prod-0` is active. */
export function member(ordinal: number, given: Partial<Member> = {}): Member {
  return {
    pod: `prod-${ordinal}`,
    podUID: `pod-${ordinal}`,
    initialized: true,
    sealed: false,
    standby: ordinal !== 0,
    version: '2.5.5',
    clusterId,
    leader: 'prod-0',
    lastIndex: 100,
    appliedIndex: 100,
    ...given,
  };
}

/** A member on an empty disk: neither initialized nor unsealed, knowing nobody. */
export function emptyMember(ordinal: number, given: Partial<Member> = {}): Member {
  const pod = `prod-${ordinal}`;
  return {
    pod,
    podUID: `pod-${ordinal}`,
    initialized: false,
    sealed: true,
    standby: true,
    version: '2.5.5',
    ...given,
  };
}

/** `observation.members` of these members, each by its name. */
export function membersOf(...members: readonly Member[]): ReadonlyMap<string, Known<Member>> {
  return new Map(members.map((each) => [each.pod, known(each)]));
}

interface StatefulSetOptions {
  readonly replicas?: number;
  readonly partition?: number;
  readonly image?: string;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly generation?: number;
  readonly observedGeneration?: number;
  readonly readyReplicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What says that the cluster controls it. */
const ownedByCluster = {
  ownerReferences: [{ kind: 'OpenBaoCluster', name: 'prod', uid: 'c-1', controller: true }],
};

/** The StatefulSet `prod`, settled: three replicas, partition 3, one revision, its newest generation observed. */
export function statefulSet(options: StatefulSetOptions = {}): StatefulSet {
  const { replicas = 3, image = 'openbao/openbao:2.5.5', generation = 1, annotations } = options;
  const { partition = replicas, observedGeneration = generation, readyReplicas = replicas } = options;
  const { currentRevision = oldRevision, updateRevision = currentRevision } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'prod',
      namespace: 'bao',
      uid: 's-1',
      resourceVersion: '1',
      generation,
      labels: { [clusterLabel]: 'prod' },
      ...ownedByCluster,
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      replicas,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
      template: { spec: { containers: [{ name: 'openbao', image }] } },
    },
    status: { observedGeneration, replicas, readyReplicas, currentRevision, updateRevision },
  };
}

/** The claim `data-prod-<ordinal>`, stamped with 2.5.5; its uid is `claim-<ordinal>`. A stamp of `null` is none. */
export function claim(
  ordinal: number,
  stamp: string | null = '2.5.5',
  metadata: PersistentVolumeClaim['metadata'] = {},
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: `data-prod-${ordinal}`,
      namespace: 'bao',
      uid: `claim-${ordinal}`,
      resourceVersion: '1',
      labels: { [clusterLabel]: 'prod' },
      ...(stamp === null
        ? {}
        : { annotations: { [dataVersionAnnotation]: stamp, [clusterIdAnnotation]: clusterId } }),
      ...metadata,
    },
  };
}

/** Membership with these ids, all of them voters but those named; read from the leader, the first unless named. */
export function raftOf(
  ids: readonly string[],
  { leader = ids[0] ?? '', nonVoters = [] }: { leader?: string; nonVoters?: readonly string[] } = {},
): RaftConfiguration {
  return {
    readFrom: leader,
    servers: ids.map((id) => ({
      id,
      address: `${id}.prod.bao.svc:8201`,
      voter: !nonVoters.includes(id),
      leader: id === leader,
    })),
  };
}

type JobState = 'running' | 'succeeded' | 'failed';

const jobConditions = (outcome: JobState) =>
  ({ running: [], succeeded: ['Complete'], failed: ['Failed'] })[outcome].map((type) => ({
    type,
    status: 'True',
  }));

/** A Job as it was read. */
export function observedJob(name: string, outcome: JobState, message?: string): ObservedJob {
  return {
    job: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace: 'bao', uid: `job-${name}` },
      status: {
        ...(outcome === 'running' ? { active: 1 } : {}),
        ...(outcome === 'succeeded' ? { succeeded: 1 } : {}),
        ...(outcome === 'failed' ? { failed: 1 } : {}),
        conditions: jobConditions(outcome),
      },
    },
    ...(message === undefined ? {} : { message }),
  };
}

/** A Job of a simulation as the controller reads it: whose it is, whether it has ended, and what its pod said. */
export function jobAsRead(
  name: string,
  {
    uid,
    action,
    operationId,
    suspended,
    outcome,
    message,
    podReason,
    goneAt,
    createdAt,
  }: {
    readonly uid: string;
    readonly action: string;
    readonly operationId: string;
    readonly suspended?: boolean;
    readonly outcome: JobState;
    readonly message?: string;
    readonly podReason?: string;
    /** It was deleted, and is gone at this time, in milliseconds since the epoch. */
    readonly goneAt?: number;
    /** Milliseconds since the epoch. */
    readonly createdAt?: number;
  },
): ObservedJob {
  return {
    job: {
      metadata: {
        name,
        uid,
        ...(createdAt === undefined ? {} : { creationTimestamp: new Date(createdAt).toISOString() }),
        ...(goneAt === undefined ? {} : { deletionTimestamp: new Date(goneAt).toISOString() }),
        annotations: { [actionAnnotation]: action, [operationAnnotation]: operationId },
      },
      ...(suspended === undefined ? {} : { spec: { suspend: suspended } }),
      status: { conditions: jobConditions(outcome) },
    },
    ...(message === undefined ? {} : { message }),
    ...(podReason === undefined ? {} : { podReason }),
  };
}

/** The status of a cluster of this size that has run for a while at 2.5.5. */
export function settledStatus(size = 3): OpenBaoClusterStatus {
  return {
    initialized: true,
    clusterID: clusterId,
    currentVersion: '2.5.5',
    image: 'openbao/openbao:2.5.5',
    replicas: size,
  };
}

/** The PodDisruptionBudget; as it is while a member is replaced, unless given otherwise. */
export const disruptionBudget = ({
  maxUnavailable = 0,
  generation = 1,
  observedGeneration = generation,
  disrupted = [],
}: {
  readonly maxUnavailable?: number;
  readonly generation?: number;
  readonly observedGeneration?: number;
  /** Pods whose eviction was let through. */
  readonly disrupted?: readonly string[];
} = {}): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'prod-pdb', namespace: 'bao', uid: 'pdb-1', generation },
  spec: { maxUnavailable },
  status: {
    observedGeneration,
    disruptedPods: Object.fromEntries(disrupted.map((name) => [name, '2026-01-02T03:04:05Z'])),
  },
});

/** A cluster of this size that has run for a while, with nothing to do: every fact is known and well. */
export function observation(given: Partial<Observation> = {}): Observation {
  const cluster: OpenBaoCluster = given.cluster ?? settledCluster();
  const ordinals = Array.from({ length: cluster.spec.replicas ?? 3 }, (_, ordinal) => ordinal);
  const live = given.statefulSet ?? known(statefulSet({ replicas: ordinals.length }));
  return {
    cluster,
    statefulSet: live,
    statefulSets: known(
      [live, given.greenStatefulSet].flatMap((set) => (set?.kind === 'known' ? (set.value ?? []) : [])),
    ),
    disruptionBudget: given.disruptionBudget ?? known(disruptionBudget()),
    pods: given.pods ?? known(ordinals.map((ordinal) => serverPod(ordinal))),
    claims: given.claims ?? known(ordinals.map((ordinal) => claim(ordinal))),
    jobs: known([]),
    restoresUnderWay: known([]),
    lockUnchangedMs: 0,
    members: given.members ?? membersOf(...ordinals.map((ordinal) => member(ordinal))),
    raft: given.raft ?? known(raftOf(ordinals.map((ordinal) => `prod-${ordinal}`))),
    versionHistory: known(['2.5.5']),
    sealables: known([]),
    secrets: known({ unsealKey: true, unsealKeyUID: 'key-1', certificates: 'valid' }),
    issuer: unknown('not asked'),
    room: known({ quotas: [], storageClasses: [], volumes: [] }),
    drifted: known([]),
    namespace: known({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'bao', uid: 'n-1', resourceVersion: '1', labels: { 'rollguard.io/guarded': 'true' } },
    }),
    ...given,
  };
}

/** `bao/prod`, generation 1, with its settled status unless given another. */
export function settledCluster(
  spec: Partial<OpenBaoCluster['spec']> = {},
  status: OpenBaoClusterStatus = settledStatus(spec.replicas ?? 3),
  metadata: OpenBaoCluster['metadata'] = {},
): OpenBaoCluster {
  return openBaoCluster(spec, status, { generation: 1, resourceVersion: '1', ...metadata });
}
