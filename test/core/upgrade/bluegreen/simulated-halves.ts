import type {
  KubernetesObject,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../../../src/api/kubernetes.ts';
import { sameValue } from '../../../../src/core/model/same-value.ts';
import {
  actionAnnotation,
  attemptedVersionAnnotation,
  clusterIdAnnotation,
  dataVersionAnnotation,
  operationAnnotation,
  appliedImageAnnotation,
  restartAtAnnotation,
  revisionLabel,
  succeededByAnnotation,
  termAnnotation,
} from '../../../../src/api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../../src/core/cluster/decide.ts';
import type {
  ClusterEvent,
  Decision,
  ControllerSettings,
  Effect,
} from '../../../../src/core/model/decision.ts';
import type { Member, Observation } from '../../../../src/core/model/observation.ts';
import { removalMs, swapMs } from '../../../../src/core/jobs/executor-job.ts';
import { known, unknown, type Known } from '../../../../src/core/model/known.ts';
import {
  nextEnlargement,
  nextForward,
  nextRemoval,
  nextRepair,
  type Membership,
  type SwapStep,
} from '../../../../src/core/raft/membership-change.ts';
import { areApart } from '../../../../src/core/raft/mix.ts';
import type { Reservation } from '../../../../src/core/model/effect.ts';
import { whyNotKept } from '../../../../src/core/model/reservation.ts';
import { disruptionBudget } from '../../../../src/core/workload/disruption-budget.ts';
import { appliedImage } from '../../../../src/core/workload/applied-image.ts';
import { setsOfMembers } from '../../../../src/core/workload/inputs.ts';
import { greenNames, liveNames } from '../../../../src/core/model/members.ts';
import { initialRevision, setName } from '../../../../src/core/model/names.ts';
import {
  claim,
  clusterId,
  context,
  jobAsRead,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  start,
  statefulSet,
} from '../../../support/observation.ts';
import { UnreadAnswers, type Answer } from '../../../support/unread.ts';
import { SimulatedRaft } from '../../raft/simulated-raft.ts';
import { maxUnavailableOf, SimulatedBudget } from '../simulated-budget.ts';
import type { SimulatedImage } from '../rolling/simulated-cluster.ts';

/** How long things take, in milliseconds. Exploring multiplies them. */
export const durations = {
  job: 1_000,
  /** From asking for a step-down until the heir leads; the one that led is out of it for the block. */
  stepDown: 600,
  block: 10_000,
  election: 1_000,
  termination: 1_000,
  start: 1_500,
  join: 1_000,
  ready: 500,
  /** From joining or coming back until it is replicated to. */
  catchUp: 2_000,
  /** Between two rounds of autopilot, and between two renewals of what it says. */
  round: 1_000,
  renewal: 500,
};

/** What an executor's program waits at most: src/executor/membership-change.ts and leadership-transfer.ts. */
const patienceMs = 60_000;
const settleMs = 36_000;
const confirmMs = 2_500;
const spacingMs = 15_000;

export interface SimulatedSet {
  readonly uid: string;
  readonly revision: string;
  replicas: number;
  image: string;
  restartAt: string | undefined;
  partition: number;
  /** The leader's, as it is written there. */
  term?: string;
  generation: number;
  observedGeneration: number;
  /** The templates, by their hash: what is made anew below the partition, and above it. */
  current: string;
  update: string;
}

export interface SimulatedMember {
  readonly uid: string;
  readonly set: string;
  readonly ordinal: number;
  readonly image: string;
  readonly template: string;
  readonly createdAt: number;
  restarts: number;
  started: boolean;
  /** Its process runs, whether it has joined or not. */
  runs: boolean;
  ready: boolean;
  joinsAt: number | undefined;
  /** When a deleted pod is gone. */
  endsAt: number | undefined;
}

interface SimulatedVolume {
  readonly uid: string;
  /** Holds the data of a member: of a removed one, it never joins again. */
  hasData: boolean;
  stamp: string | null;
  /** The version that is written there before a pod of it is let at it. */
  attempted?: string | null;
  /** The revision that took over from its member; null where a mark was taken off. */
  successor?: string | null;
  /** OpenBao's id of the cluster whose data is on it, as it is marked. */
  clusterId?: string;
  isGoing: boolean;
}

export interface SimulatedJob {
  readonly uid: string;
  readonly name: string;
  readonly action: string;
  readonly operationId: string;
  readonly args: readonly string[];
  readonly image: string;
  readonly createdAt: number;
  outcome: 'running' | 'succeeded' | 'failed';
  message?: string;
  podReason?: string;
  /** Of the program: what it has asked for, and what it waits for since when. */
  readonly asked: string[];
  confirmedAt: number | undefined;
  blockedSince: number | undefined;
  waiting: { readonly step: string; readonly since: number } | undefined;
  steppedDown: string | undefined;
  /** The Job is gone, its pod not yet. */
  orphanedUntil?: number;
  /** It was deleted: its program may act until it is gone, at this time. */
  goneAt?: number;
}

interface Options {
  readonly replicas?: number;
  readonly leader?: number;
  readonly spec?: Partial<OpenBaoCluster['spec']>;
  readonly settings?: Partial<ControllerSettings>;
  readonly speed?: Partial<typeof durations>;
  readonly deadServerCleanup?: boolean;
}

type Cached = Pick<
  Observation,
  'statefulSet' | 'greenStatefulSet' | 'statefulSets' | 'disruptionBudget' | 'pods' | 'claims' | 'jobs'
>;

/**
 * A Kubernetes and a Raft cluster in miniature, in which a blue-green upgrade is decided from first to last by
 * `decideCluster`: two StatefulSets as `setsOfMembers` wants them, pods, volumes, the public Service, the
 * executor's Jobs as programs that do one change after the other by src/core/raft/membership-change.ts, autopilot,
 * elections and followers that lag. What it does is what docs/facts/openbao-measured.md, sections 2 to 5, says of
 * real servers.
 */
export class SimulatedHalves {
  now = start;
  cluster: OpenBaoCluster;
  readonly images = new Map<string, SimulatedImage>();
  readonly sets = new Map<string, SimulatedSet>();
  readonly pods = new Map<string, SimulatedMember>();
  readonly volumes = new Map<string, SimulatedVolume>();
  readonly jobs = new Map<string, SimulatedJob>();
  /** Programs whose Job is gone. */
  orphans: SimulatedJob[] = [];
  readonly speed: typeof durations;
  readonly settings: ControllerSettings;
  readonly raft: SimulatedRaft;
  /** The revision that the public Service selects. */
  service = initialRevision;
  deadServerCleanup: boolean;
  /** What it was at first, and is to be at the end. */
  readonly removedDeadServers: boolean;

  /** Autopilot's word on who is a non-voter: as old as its last renewal. */
  flagged: ReadonlySet<string> = new Set();
  leadsSince = start - 60_000;
  electionAt: number | undefined;
  index = 100;
  readonly applied = new Map<string, number>();
  readonly replicatedFrom = new Map<string, number>();
  readonly blockedUntil = new Map<string, number>();
  private roundAt = start;
  private renewalAt = start;

  /** What the controller sees of Kubernetes, when its cache is behind. */
  cache: Cached | undefined;
  /** Jobs of these actions fail, with these words. */
  readonly jobFailures = new Map<string, string>();
  readonly unread = new UnreadAnswers();
  readonly events: ClusterEvent[] = [];
  readonly stepDowns: number[] = [];
  /** Leaders that followed another. */
  leadershipChanges = 0;
  private lastLeader: string | undefined;
  protected serial = 0;
  private operations = 0;
  private incidents = 0;

  constructor(options: Options = {}) {
    const { replicas = 3, leader = 0, spec, settings, speed, deadServerCleanup = false } = options;
    this.speed = { ...durations, ...speed };
    this.deadServerCleanup = this.removedDeadServers = deadServerCleanup;
    this.settings = { ...context().settings, ...settings };
    for (const version of ['2.5.4', '2.5.5', '2.5.6', '2.5.7', '2.5.8', '2.6.2', '2.7.0-dev']) {
      this.images.set(`openbao/openbao:${version}`, { version, kind: 'good' });
    }
    this.cluster = settledCluster({ version: '2.5.5', replicas, ...spec });
    const image = 'openbao/openbao:2.5.5';
    const template = templateOf(image, undefined);
    this.sets.set('prod', {
      uid: 'set-prod',
      revision: initialRevision,
      replicas,
      image,
      restartAt: undefined,
      partition: replicas,
      generation: 1,
      observedGeneration: 1,
      current: template,
      update: template,
    });
    const names = Array.from({ length: replicas }, (_, ordinal) => `prod-${ordinal}`);
    this.raft = new SimulatedRaft(names);
    this.raft.leader = this.lastLeader = names[leader];
    for (const [ordinal, name] of names.entries()) {
      this.pods.set(name, {
        ...this.newPod('prod', ordinal, image, template),
        started: true,
        runs: true,
        ready: true,
        joinsAt: undefined,
      });
      this.volumes.set(name, {
        uid: `claim-${name}`,
        hasData: true,
        stamp: '2.5.5',
        clusterId,
        isGoing: false,
      });
      this.applied.set(name, 100);
    }
  }

  get status(): OpenBaoClusterStatus {
    return this.cluster.status ?? {};
  }

  get replicas(): number {
    return this.status.replicas ?? 3;
  }

  spec(change: Partial<OpenBaoCluster['spec']>): void {
    this.cluster = { ...this.cluster, spec: { ...this.cluster.spec, ...change } };
  }

  // What the controller sees.

  observe(): Observation {
    const kubernetes = this.cache ?? this.kubernetes();
    const seen = kubernetes.pods.kind === 'known' ? kubernetes.pods.value : [];
    const members = new Map<string, Known<Member>>();
    for (const { metadata, status } of seen) {
      const { name = '', uid } = metadata;
      const pod = this.pods.get(name);
      const isRunning = status?.containerStatuses?.[0]?.state?.running !== undefined;
      if (!isRunning) continue;
      members.set(
        name,
        pod !== undefined && pod.uid === uid && pod.runs
          ? this.memberAsRead(name, pod)
          : unknown('connection refused'),
      );
    }
    return observation({
      cluster: this.cluster,
      ...kubernetes,
      members,
      raft: this.membershipAsRead(),
      versionHistory: known(['2.5.5']),
      sealables: known(
        [...this.namespaces].map((path) => ({
          path,
          unsealed: new Map([...members.keys()].map((name) => [name, known(!this.keyless.has(name))])),
        })),
      ),
      drifted: known(this.drifted(kubernetes)),
    });
  }

  kubernetes(): Cached {
    const green = greenNames(this.cluster);
    return {
      statefulSet: known(this.setAsRead(liveNames(this.cluster).statefulSet)),
      ...(green === undefined ? {} : { greenStatefulSet: known(this.setAsRead(green.statefulSet)) }),
      statefulSets: known([...this.sets.keys()].flatMap((name) => this.setAsRead(name) ?? [])),
      disruptionBudget: known(this.budget.asRead((pod) => pod)),
      pods: known([...this.pods].map(([name, pod]) => this.podAsRead(name, pod))),
      claims: known([...this.volumes].map(([name, volume]) => this.volumeAsRead(name, volume))),
      jobs: known([...this.jobs.values()].map((job) => jobAsRead(job.name, job))),
    };
  }

  readonly budget = new SimulatedBudget<string>();

  /** Sealable namespaces, whose keys all members hold but these. */
  readonly namespaces = new Set<string>();
  readonly keyless = new Set<string>();

  /** What a mutating webhook adds to the image of every StatefulSet. */
  digest: string | undefined;

  private setAsRead(name: string): StatefulSet | undefined {
    const set = this.sets.get(name);
    if (set === undefined) return undefined;
    const { replicas, partition, image, current, update, generation, observedGeneration, restartAt } = set;
    const rendered = statefulSet({
      replicas,
      partition,
      image,
      currentRevision: current,
      updateRevision: update,
      generation,
      observedGeneration,
    });
    const annotations = restartAt === undefined ? {} : { [restartAtAnnotation]: restartAt };
    const spelled = this.digest === undefined ? image : `${image}@${this.digest}`;
    const template = {
      ...rendered.spec?.template,
      metadata: { annotations },
      spec: { containers: [{ name: 'openbao', image: spelled }] },
    };
    return {
      ...rendered,
      metadata: {
        ...rendered.metadata,
        name,
        uid: set.uid,
        annotations: {
          [appliedImageAnnotation]: image,
          ...(set.term === undefined ? {} : { [termAnnotation]: set.term }),
        },
      },
      spec: { ...rendered.spec, template },
    };
  }

  private podAsRead(name: string, pod: SimulatedMember): Pod {
    const kind = this.images.get(pod.image)?.kind ?? 'missing';
    const stuck =
      kind === 'missing' ? 'ImagePullBackOff' : pod.started ? 'CrashLoopBackOff' : 'ContainerCreating';
    const read = serverPod(pod.ordinal, {
      uid: pod.uid,
      image: pod.image,
      revision: pod.template,
      ready: pod.ready,
      terminating: pod.endsAt !== undefined,
      ...(pod.runs ? {} : { waiting: stuck }),
    });
    const statuses = (read.status?.containerStatuses ?? []).map((each) => ({
      ...each,
      restartCount: pod.restarts,
      ...(pod.restarts > 0 ? { lastState: { terminated: { exitCode: 1 } } } : {}),
    }));
    const revision = this.sets.get(pod.set)?.revision ?? '';
    return {
      ...read,
      metadata: { ...read.metadata, name, labels: { ...read.metadata.labels, [revisionLabel]: revision } },
      status: { ...read.status, containerStatuses: statuses },
    };
  }

  private volumeAsRead(
    pod: string,
    { uid, stamp, attempted = null, successor, clusterId: id, isGoing }: SimulatedVolume,
  ): PersistentVolumeClaim {
    const annotations = {
      ...(stamp === null ? {} : { [dataVersionAnnotation]: stamp }),
      ...(successor === undefined || successor === null ? {} : { [succeededByAnnotation]: successor }),
      ...(id === undefined ? {} : { [clusterIdAnnotation]: id }),
      ...(attempted === null ? {} : { [attemptedVersionAnnotation]: attempted }),
    };
    return claim(0, stamp, {
      name: `data-${pod}`,
      uid,
      ...(isGoing ? { deletionTimestamp: '2026-01-02T03:04:05Z' } : {}),
      annotations,
    });
  }

  /** As the leader says it: whom nobody can tell to lead is not asked. */
  private membershipAsRead(): Observation['raft'] {
    const { leader, servers, voters } = this.raft;
    if (leader === undefined || !this.isUp(leader) || this.unreadOf(leader, 'health', 'leader') !== undefined)
      return unknown('no member leads');
    const unread = this.unreadOf(leader, 'login', 'configuration');
    if (unread !== undefined) return unknown(unread);
    const nonVoters = [...servers.keys()].filter((id) => !voters.includes(id));
    return known(raftOf([...servers.keys()], { leader, nonVoters }));
  }

  private memberAsRead(name: string, pod: SimulatedMember): Known<Member> {
    const unread = this.unreadOf(name, 'health', 'leader');
    return unread === undefined ? known(this.member(name, pod)) : unknown(unread);
  }

  private unreadOf(name: string, ...answers: readonly Answer[]): string | undefined {
    return this.unread.of(name, this.versionOf(name) ?? '', ...answers);
  }

  /** What a member runs; undefined while it has no pod. */
  versionOf(name: string): string | undefined {
    return this.images.get(this.pods.get(name)?.image ?? '')?.version;
  }

  private member(name: string, pod: SimulatedMember): Member {
    const common = { pod: name, podUID: pod.uid, version: this.images.get(pod.image)?.version ?? '0.0.0' };
    if (!this.isUnsealed(name)) return { ...common, initialized: false, sealed: true, standby: true };
    const { leader } = this.raft;
    const leads = leader === name;
    return {
      ...common,
      initialized: true,
      sealed: false,
      standby: !leads,
      clusterId,
      // A member that was removed names the leader, and says that it is well
      // (docs/facts/openbao-measured.md, section 3).
      ...(leader === undefined ? {} : { leader }),
      lastIndex: leads ? this.index : (this.applied.get(name) ?? 0),
      appliedIndex: this.applied.get(name) ?? 0,
    };
  }

  /** What the rendering of src/core/workload comes to, of which decisions look at nothing but this. */
  /** Overridden to judge more of it. */
  protected drifted({ statefulSet: live, greenStatefulSet, claims }: Cached): readonly KubernetesObject[] {
    const read = (set: Known<StatefulSet | undefined> | undefined) =>
      set?.kind === 'known' ? set.value : undefined;
    const volumes = claims.kind === 'known' ? claims.value : [];
    const { sets, serving, members } = setsOfMembers(this.cluster, {
      claims: volumes,
      statefulSet: read(live),
      greenStatefulSet: read(greenStatefulSet),
      issuer: { url: 'https://issuer', publicKeys: [] },
      settings: this.settings,
    });
    const wrong: KubernetesObject[] = [];
    const budget = disruptionBudget({ cluster: this.cluster, claims: volumes }, members);
    if (maxUnavailableOf(budget) !== this.budget.maxUnavailable) wrong.push(budget);
    for (const set of sets) {
      const name = setName('prod', set.revision);
      const found = [read(live), read(greenStatefulSet)].find((each) => each?.metadata.name === name);
      const { image, replicas, partition, restartAt } = set;
      const isRight =
        found?.spec?.replicas === replicas &&
        found.spec.updateStrategy?.rollingUpdate?.partition === partition &&
        appliedImage(found) === image &&
        found.spec.template?.metadata?.annotations?.[restartAtAnnotation] === restartAt;
      if (isRight) continue;
      const annotations = restartAt === undefined ? {} : { [restartAtAnnotation]: restartAt };
      wrong.push({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name, namespace: 'bao', labels: { [revisionLabel]: set.revision } },
        spec: {
          replicas,
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
          template: { metadata: { annotations }, spec: { containers: [{ name: 'openbao', image }] } },
        },
      } as KubernetesObject);
    }
    if (this.service !== serving) {
      wrong.push({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'prod-public', namespace: 'bao', labels: { [revisionLabel]: serving } },
      });
    }
    return wrong;
  }

  // What the controller does.

  /** Observes and decides; nothing is done yet. */
  decide(): Decision {
    return decideCluster(
      this.observe(),
      context({
        now: this.now,
        newOperationId: `op${String(this.operations + 1).padStart(8, '0')}`,
        newNonce: `nonce${String(this.incidents + 1).padStart(4, '0')}`,
        settings: this.settings,
      }),
    );
  }

  /**
   * One pass of the controller.
   *
   * @param survives how much of it happens before the process ends: 0 nothing, 1 the status, 2 also the
   *   first effect, and so on
   */
  pass(survives = Number.POSITIVE_INFINITY): Decision {
    const decision = this.decide();
    if (survives === 0) return decision;
    const before = this.operationIds();
    this.cluster = { ...this.cluster, status: decision.status };
    if (this.operationIds().some((id) => !before.includes(id))) this.operations++;
    if (decision.status.breakGlass?.nonce === `nonce${String(this.incidents + 1).padStart(4, '0')}`) {
      this.incidents++;
    }
    this.events.push(...decision.events);
    for (const effect of decision.effects.slice(0, survives - 1)) this.apply(effect);
    return decision;
  }

  private operationIds(): readonly (string | undefined)[] {
    const { upgrade, blueGreen, scaling } = this.status;
    return [upgrade?.operationId, blueGreen?.operationId, scaling?.operationId];
  }

  apply(effect: Effect): void {
    if ('reservation' in effect && !this.isKept(effect.reservation)) return;
    if ('asSeen' in effect && !this.isAsSeen()) return;
    switch (effect.kind) {
      case 'create':
        return this.createJob(effect.object);
      case 'apply':
        return this.applyChild(effect.object);
      case 'delete':
        return this.deleteObject(effect.target.kind, effect.target.name, effect.uid);
      case 'patch':
        return this.patchObject(effect);
      case 'createUnsealKey':
      case 'keepUnsealKey':
      case 'deleteUnsealKey':
      case 'issueCertificates':
        throw new Error(`${effect.kind}, although the cluster has all that it needs`);
    }
  }

  /** As src/io/kubernetes/apply.ts looks once more, without a cache. */
  private isKept(reservation: Reservation): boolean {
    const { pods } = this.kubernetes();
    return (
      pods.kind === 'known' &&
      whyNotKept(
        reservation,
        this.budget.asRead((pod) => pod),
        pods.value,
      ) === undefined
    );
  }

  /** The same of what may take a member away. */
  private isAsSeen(): boolean {
    const now = this.kubernetes();
    const seen = this.cache ?? now;
    return (['statefulSet', 'greenStatefulSet', 'jobs'] as const).every((each) =>
      sameValue(seen[each], now[each]),
    );
  }

  private patchObject(effect: Extract<Effect, { readonly kind: 'patch' }>): void {
    const { kind, name } = effect.target;
    const { metadata = {} } = effect.patch as { metadata?: KubernetesObject['metadata'] & object };
    if (kind === 'OpenBaoCluster') {
      this.cluster = { ...this.cluster, metadata: { ...this.cluster.metadata, ...metadata } };
      return;
    }
    const set = this.sets.get(name);
    const term = metadata.annotations?.[termAnnotation];
    if (kind === 'StatefulSet' && term !== undefined) {
      if (set !== undefined && set.uid === effect.uid) set.term = term;
      return;
    }
    const volume = this.volumes.get(name.slice('data-'.length));
    const {
      [dataVersionAnnotation]: stamp,
      [succeededByAnnotation]: successor,
      [clusterIdAnnotation]: id,
      [attemptedVersionAnnotation]: attempted,
      ...others
    } = metadata.annotations ?? {};
    if (kind !== 'PersistentVolumeClaim' || Object.keys(others).length > 0)
      throw new Error(`a patch of ${kind} ${name}`);
    if (volume === undefined || volume.uid !== effect.uid) return;
    if (stamp !== undefined) volume.stamp = stamp;
    if (successor !== undefined) volume.successor = successor;
    if (id !== undefined) volume.clusterId = id;
    if (attempted !== undefined) volume.attempted = attempted;
  }

  /** Overridden to judge it. */
  applyChild(object: KubernetesObject): void {
    const { name = '', labels } = object.metadata ?? {};
    const revision = labels?.[revisionLabel] ?? '';
    if (object.kind === 'Service') {
      this.service = revision;
      return;
    }
    if (object.kind === 'PodDisruptionBudget') return this.budget.set(maxUnavailableOf(object));
    const { spec } = object as StatefulSet;
    const image = spec?.template?.spec?.containers?.[0]?.image ?? '';
    const restartAt = spec?.template?.metadata?.annotations?.[restartAtAnnotation];
    const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    const replicas = spec?.replicas ?? 0;
    const update = templateOf(image, restartAt);
    const found = this.sets.get(name);
    if (found === undefined) {
      this.sets.set(name, {
        uid: `set-${++this.serial}`,
        revision,
        replicas,
        image,
        restartAt,
        partition,
        generation: 1,
        observedGeneration: 0,
        current: update,
        update,
      });
    } else Object.assign(found, { replicas, image, restartAt, partition, generation: found.generation + 1 });
  }

  /** With its uid as a precondition. */
  private deleteObject(kind: string, name: string, uid: string): void {
    if (kind === 'StatefulSet' && this.sets.get(name)?.uid === uid) this.deleteSet(name);
    if (kind === 'Pod' && this.pods.get(name)?.uid === uid) this.deletePod(name);
    const job = this.jobs.get(name);
    if (kind === 'Job' && job?.uid === uid) job.goneAt ??= this.now + this.speed.termination;
    const volume = name.slice('data-'.length);
    if (kind === 'PersistentVolumeClaim' && this.volumes.get(volume)?.uid === uid) this.deleteVolume(volume);
  }

  /** Overridden to judge it. Its pods follow, in the background. */
  deleteSet(name: string): void {
    this.sets.delete(name);
    for (const [pod, { set }] of this.pods) if (set === name) this.endPod(pod);
  }

  /** Overridden to judge it. */
  deletePod(name: string): void {
    this.endPod(name);
  }

  /** Overridden to judge it. It goes when no pod uses it any more. */
  deleteVolume(pod: string): void {
    const volume = this.volumes.get(pod);
    if (volume !== undefined) volume.isGoing = true;
  }

  createJob({ metadata, ...rest }: KubernetesObject): void {
    const name = metadata?.name ?? '';
    if (this.jobs.has(name)) return;
    const { spec } = rest as {
      spec?: { template: { spec: { containers: { image: string; args?: string[] }[] } } };
    };
    const [container] = spec?.template.spec.containers ?? [];
    this.jobs.set(name, {
      uid: `job-${++this.serial}`,
      name,
      action: metadata?.annotations?.[actionAnnotation] ?? '',
      operationId: metadata?.annotations?.[operationAnnotation] ?? '',
      args: container?.args ?? [],
      image: container?.image ?? '',
      createdAt: this.now,
      outcome: 'running',
      asked: [],
      confirmedAt: undefined,
      blockedSince: undefined,
      waiting: undefined,
      steppedDown: undefined,
    });
  }

  // What the world does by itself.

  /**
   * Lets time pass and everything happen that is due.
   *
   * @param isSlow who does nothing this time: `statefulset`, a pod's or a Job's name
   */
  tick(milliseconds = 500, isSlow: (who: string) => boolean = () => false): void {
    this.now += milliseconds;
    for (const pod of this.budget.disrupted) this.endPod(pod);
    if (!isSlow('budget')) this.controlBudget();
    if (!isSlow('statefulset')) for (const name of this.sets.keys()) this.controlSet(name);
    for (const name of this.pods.keys()) if (!isSlow(name)) this.kubelet(name);
    for (const [pod, { isGoing }] of this.volumes)
      if (isGoing && !this.pods.has(pod)) this.volumes.delete(pod);
    this.replicate();
    for (const job of this.jobs.values()) if (!isSlow(job.name)) this.runJob(job);
    for (const [name, { goneAt = Infinity }] of this.jobs) if (goneAt <= this.now) this.jobs.delete(name);
    this.orphans = this.orphans.filter(({ orphanedUntil = 0 }) => orphanedUntil > this.now);
    for (const job of this.orphans) this.runJob(job);
    this.noteLeader();
  }

  /** The disruption controller: as many as the StatefulSets ask for, of which these are healthy. */
  private controlBudget(): void {
    const asked = [...this.sets.values()].reduce((sum, { replicas }) => sum + replicas, 0);
    const healthy = [...this.pods.values()].filter(({ ready, endsAt }) => ready && endsAt === undefined);
    this.budget.control(healthy.length, asked);
  }

  /** Somebody drains a node. @returns whether it was let through */
  evict(name: string): boolean {
    const pod = this.pods.get(name);
    return pod !== undefined && pod.endsAt === undefined && this.budget.lets(name);
  }

  /** The StatefulSet controller: makes missing pods, takes down the highest one of an older template. */
  private controlSet(name: string): void {
    const set = this.sets.get(name);
    if (set === undefined) return;
    set.observedGeneration = set.generation;
    set.update = templateOf(set.image, set.restartAt);
    for (let ordinal = 0; ordinal < set.replicas; ordinal++) {
      const pod = `${name}-${ordinal}`;
      const volume = this.volumes.get(pod);
      if (this.pods.has(pod) || volume?.isGoing === true) continue;
      if (volume === undefined) {
        this.volumes.set(pod, { uid: `claim-${++this.serial}`, hasData: false, stamp: null, isGoing: false });
      }
      const template = ordinal >= set.partition ? set.update : set.current;
      this.pods.set(pod, this.newPod(name, ordinal, imageIn(template), template));
    }
    for (let ordinal = set.replicas - 1; ordinal >= set.partition; ordinal--) {
      const pod = this.pods.get(`${name}-${ordinal}`);
      if (pod === undefined || pod.endsAt !== undefined) return;
      if (pod.template !== set.update) return this.deletePod(`${name}-${ordinal}`);
      if (!pod.ready) return;
    }
    const own = [...this.pods.values()].filter((pod) => pod.set === name);
    if (own.every(({ ready, template }) => ready && template === set.update)) set.current = set.update;
  }

  private endPod(name: string): void {
    const pod = this.pods.get(name);
    if (pod === undefined || pod.endsAt !== undefined) return;
    // It does not exit before the block after its step-down ends (docs/facts/openbao-measured.md, 0.6).
    pod.endsAt = Math.max(this.now + this.speed.termination, this.blockedUntil.get(name) ?? 0);
    pod.ready = false;
    if (this.raft.leader === name) this.lose();
  }

  /** The container ends without warning, and its pod with it; its StatefulSet makes another. */
  kill(name: string): void {
    if (!this.pods.delete(name)) return;
    if (this.raft.leader === name) this.lose();
  }

  /** A Job is deleted by somebody. Its program may go on for a while. */
  loseJob(name: string, orphanedMs = 0): void {
    const job = this.jobs.get(name);
    this.jobs.delete(name);
    if (job?.outcome === 'running' && orphanedMs > 0) {
      this.orphans.push({ ...job, orphanedUntil: this.now + orphanedMs });
    }
  }

  lose(): void {
    this.raft.leader = undefined;
    this.electionAt = this.now + this.speed.election;
  }

  leads(name: string): void {
    this.raft.leader = name;
    this.leadsSince = this.now;
    this.electionAt = undefined;
    this.replicatedFrom.set(name, 0);
    // The entry that every new leader begins with.
    this.index++;
    this.applied.set(name, this.index);
    this.roundAt = this.now + this.speed.round;
    this.renewalAt = this.now + this.speed.renewal;
    this.noteLeader();
  }

  private noteLeader(): void {
    const { leader } = this.raft;
    if (leader === undefined || leader === this.lastLeader) return;
    this.lastLeader = leader;
    this.leadershipChanges++;
  }

  private kubelet(name: string): void {
    const pod = this.pods.get(name);
    if (pod === undefined) return;
    if (pod.endsAt !== undefined) {
      if (this.now >= pod.endsAt) this.pods.delete(name);
      return;
    }
    const age = this.now - pod.createdAt;
    const { kind = 'missing' } = this.images.get(pod.image) ?? {};
    if (!pod.runs && (kind === 'missing' || age < this.speed.start)) return;
    if (!pod.runs) this.starts(name, pod);
    if (!pod.runs && kind === 'crashes') {
      pod.restarts++;
      return;
    }
    if (!pod.runs) {
      pod.runs = true;
      this.replicatedFrom.set(name, this.now + this.speed.ready + this.speed.catchUp);
    }
    this.join(name, pod);
    pod.ready = pod.ready || (this.isUnsealed(name) && age >= this.speed.start + this.speed.ready);
  }

  /** Overridden to judge which versions start. */
  starts(_name: string, pod: SimulatedMember): void {
    pod.started = true;
  }

  /** With an empty disk it asks the leader; with data it is what it was, a member or not. */
  private join(name: string, pod: SimulatedMember): void {
    const volume = this.volumes.get(name);
    if (volume === undefined || volume.hasData || this.raft.leader === undefined) return;
    pod.joinsAt ??= this.now + this.speed.join;
    if (this.now < pod.joinsAt) return;
    volume.hasData = true;
    this.applied.set(name, 0);
    this.replicatedFrom.set(name, this.now + this.speed.catchUp);
    // Its configuration says so until Cleanup; the list of non-voters outlives everything.
    const isGreen = this.sets.get(pod.set)?.revision === this.status.blueGreen?.greenRevision;
    if (isGreen && this.status.blueGreen?.phase !== 'Cleanup') this.raft.flagged.add(name);
    this.raft.servers.set(name, { voter: false, up: true });
  }

  private replicate(): void {
    const { raft } = this;
    for (const [id, server] of raft.servers) server.up = this.isUp(id);
    if (raft.leader !== undefined && (!this.isUp(raft.leader) || !raft.hasQuorum)) this.lose();
    if (raft.leader === undefined) {
      this.electionAt ??= this.now + this.speed.election;
      if (this.now < this.electionAt || !raft.hasQuorum) return;
      const [heir] = raft.votersUp
        .filter((id) => (this.blockedUntil.get(id) ?? 0) <= this.now)
        .toSorted((a, b) => (this.applied.get(b) ?? 0) - (this.applied.get(a) ?? 0));
      if (heir === undefined) return;
      this.leads(heir);
    }
    if (this.now >= this.roundAt) {
      this.roundAt = this.now + this.speed.round;
      raft.reconcile((id) => this.isHeard(id));
      if (raft.leader === undefined) this.electionAt = this.now + this.speed.election;
    }
    if (this.now >= this.renewalAt) {
      this.renewalAt = this.now + this.speed.renewal;
      this.flagged = new Set(raft.flagged);
    }
    const replicating = [...raft.servers.keys()].filter((id) => this.isReplicated(id));
    const voting = replicating.filter((id) => raft.voters.includes(id));
    if (voting.length * 2 <= raft.voters.length) return;
    this.index += 5;
    for (const id of replicating) this.applied.set(id, id === raft.leader ? this.index : this.index - 1);
  }

  /** Whether the leader hears of a member's health (docs/facts/openbao-2.6-measured.md, section 2). */
  isHeard(id: string): boolean {
    const { leader = '' } = this.raft;
    return !areApart(this.versionOf(id) ?? '', this.versionOf(leader) ?? '');
  }

  isReplicated(id: string): boolean {
    return this.isUp(id) && (id === this.raft.leader || (this.replicatedFrom.get(id) ?? 0) <= this.now);
  }

  /** It runs and is unsealed, a member or not. */
  isUp(id: string): boolean {
    const pod = this.pods.get(id);
    return pod !== undefined && pod.runs && pod.endsAt === undefined && this.isUnsealed(id);
  }

  private isUnsealed(id: string): boolean {
    return this.volumes.get(id)?.hasData === true;
  }

  // What the executor's programs do.

  runJob(job: SimulatedJob): void {
    if (job.outcome !== 'running' || this.now - job.createdAt < this.speed.job) return;
    const refusal = this.jobFailures.get(job.action);
    if (refusal !== undefined) return this.fail_(job, 'Refused', refusal);
    const unread = this.raft.leader === undefined ? undefined : this.unreadBy(job, this.raft.leader);
    if (unread !== undefined) {
      job.blockedSince ??= this.now;
      if (this.now - job.blockedSince > patienceMs) this.fail_(job, 'LeaderUnknown', unread);
      return;
    }
    switch (job.action) {
      case 'version-check':
        return this.checkVersion(job);
      case 'preflight':
        return this.succeed(job, { deadServerCleanup: this.deadServerCleanup });
      case 'snapshot':
        return this.succeed(job, { name: 'prod.snap', size: 20_283, index: this.index });
      case 'dead-server-cleanup':
        if (this.raft.leader === undefined) return;
        this.deadServerCleanup = job.args.includes('--state=on');
        return this.succeed(job);
      case 'step-down':
        return this.stepDownJob(job);
      case 'promote-green':
      case 'hand-over-to-green':
      case 'repair-consensus':
      case 'remove-blue-peers':
      case 'remove-green-peers':
        return this.swap(job);
      default:
        return this.succeed(job);
    }
  }

  /** What a program that asks the leader cannot go on without, however often it asks. */
  private unreadBy({ action }: SimulatedJob, leader: string): string | undefined {
    const asksNobody = action === 'version-check' || action === 'pre-promotion-hook';
    if (asksNobody) return undefined;
    const own = ['health', 'leader', 'login', 'configuration'] as const;
    return action === 'step-down'
      ? this.unreadOf(leader, ...own)
      : this.unreadOf(leader, ...own, 'autopilot');
  }

  private checkVersion(job: SimulatedJob): void {
    const image = this.images.get(job.image);
    if (image === undefined || image.kind === 'missing') {
      job.podReason = 'ImagePullBackOff: not found';
      return;
    }
    job.outcome = 'succeeded';
    job.message = `OpenBao v${image.version} (simulated), built 2026-01-01T00:00:00Z`;
  }

  private stepDownJob(job: SimulatedJob): void {
    const pod = flagsOf(job, 'pod')[0] ?? '';
    const { leader } = this.raft;
    if (leader === pod && job.steppedDown === undefined) {
      const ready = this.raft.votersUp.some((id) => id !== pod && this.isCaughtUp(id));
      if (ready) this.stepDown(job, pod);
    } else if (leader !== undefined && leader !== pod) this.succeed(job);
  }

  private isCaughtUp(id: string): boolean {
    return this.isReplicated(id) && (this.applied.get(id) ?? 0) >= this.index - 6;
  }

  /** One look, and at most one change (src/executor/membership-change.ts). */
  private swap(job: SimulatedJob): void {
    const limit = job.action.startsWith('remove') ? removalMs : swapMs;
    if (this.now - job.createdAt > limit) return this.fail_(job, 'DeadlineExceeded', 'it took too long');
    const step = this.nextStep(job);
    if ('missing' in step) {
      job.blockedSince ??= this.now;
      if (this.now - job.blockedSince > patienceMs) this.fail_(job, 'MembershipUnsafe', step.missing);
      return;
    }
    job.blockedSince = undefined;
    if (step.kind === 'done') {
      job.confirmedAt ??= this.now;
      if (job.asked.length > 0 || this.now - job.confirmedAt >= confirmMs) this.succeed(job);
      return;
    }
    const key = `${step.kind} ${step.id}`;
    if (job.waiting?.step !== key) job.waiting = { step: key, since: this.now };
    else if (this.now - job.waiting.since > (step.kind === 'step-down' ? patienceMs : settleMs)) {
      return this.fail_(job, 'ChangeUnconfirmed', `${key} is not seen`);
    }
    if (step.kind === 'step-down') {
      const others = this.raft.voters.filter((id) => id !== step.id);
      const isReady = others.length > 0 && others.every((id) => this.isCaughtUp(id));
      if (isReady && this.now - this.leadsSince >= spacingMs) this.stepDown(job, step.id);
      return;
    }
    const isRecorded =
      (step.kind === 'promote' && !this.flagged.has(step.id)) ||
      (step.kind === 'demote' && this.flagged.has(step.id));
    if (isRecorded || job.asked.at(-1) === key) return;
    job.asked.push(key);
    this.change(job, step.kind, step.id);
  }

  private nextStep(job: SimulatedJob): Exclude<SwapStep, { kind: 'blocked' }> | { readonly missing: string } {
    const seen = this.raft.membership();
    if (seen === undefined || this.now < this.leadsSince + this.speed.renewal)
      return { missing: 'nobody leads' };
    const [blue, green] = [flagsOf(job, 'blue'), flagsOf(job, 'green')];
    const caughtUp = job.action === 'repair-consensus' ? blue : green;
    const behind = job.action.startsWith('remove')
      ? []
      : caughtUp.filter((id) => !this.isCaughtUp(id) || this.unreadOf(id, 'health', 'leader') !== undefined);
    const problems = new Map([
      ...behind.map((id) => [id, `${id} is behind`] as const),
      ...(seen.problems ?? new Map<string, string>()),
    ]);
    const membership: Membership = { ...seen, flagged: this.flagged, problems };
    const steps: Readonly<Record<string, () => SwapStep>> = {
      'promote-green': () => nextEnlargement(membership, { to: green, from: blue }),
      'hand-over-to-green': () => nextForward(membership, { to: green, from: blue }),
      'repair-consensus': () => nextRepair(membership, { to: blue, from: green }),
      'remove-blue-peers': () => nextRemoval(membership, blue),
      'remove-green-peers': () => nextRemoval(membership, green),
    };
    const step = steps[job.action]?.() ?? { kind: 'done' };
    if (step.kind === 'promote' && !this.isHeard(step.id)) return { missing: `${step.id} is not heard` };
    return step.kind === 'blocked' ? { missing: step.reason } : step;
  }

  /** Overridden to judge it. */
  change(_job: SimulatedJob, kind: 'promote' | 'demote' | 'remove', id: string): void {
    if (kind === 'promote') this.raft.promote(id);
    if (kind === 'demote') this.raft.demote(id);
    if (kind === 'remove') this.raft.removePeer(id);
  }

  /** Overridden to judge it. */
  stepDown(job: SimulatedJob, pod: string): void {
    job.steppedDown = pod;
    job.asked.push(`step-down ${pod}`);
    this.stepDowns.push(this.now);
    this.blockedUntil.set(pod, this.now + this.speed.block);
    this.raft.leader = undefined;
    this.electionAt = this.now + this.speed.stepDown;
  }

  private succeed(job: SimulatedJob, data: object = {}): void {
    job.outcome = 'succeeded';
    job.message = JSON.stringify({ outcome: 'done', reason: 'Done', message: 'done', data });
  }

  private fail_(job: SimulatedJob, reason: string, message: string): void {
    job.outcome = 'failed';
    job.message = JSON.stringify({ outcome: 'failed', reason, message });
  }

  // Words.

  /** The names of a half's members; none while there is no green. */
  half(which: 'blue' | 'green'): readonly string[] {
    const names = which === 'blue' ? liveNames(this.cluster) : greenNames(this.cluster);
    if (names === undefined) return [];
    return Array.from({ length: this.replicas }, (_, ordinal) => names.pod(ordinal));
  }

  private newPod(set: string, ordinal: number, image: string, template: string): SimulatedMember {
    return {
      uid: `pod-${++this.serial}`,
      set,
      ordinal,
      image,
      template,
      createdAt: this.now,
      restarts: 0,
      started: false,
      runs: false,
      ready: false,
      joinsAt: undefined,
      endsAt: undefined,
    };
  }
}

const templateOf = (image: string, restartAt: string | undefined) => `${image}|${restartAt ?? ''}`;
const imageIn = (template: string) => template.split('|')[0] ?? '';

/** The values of a flag of the executor. */
export const flagsOf = ({ args }: Pick<SimulatedJob, 'args'>, flag: string): readonly string[] =>
  args.filter((arg) => arg.startsWith(`--${flag}=`)).map((arg) => arg.slice(flag.length + 3));
