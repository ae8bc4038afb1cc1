import type { Reservation } from '../../../../src/core/model/effect.ts';
import { whyNotKept } from '../../../../src/core/model/reservation.ts';
import { isReplacing, isRolling } from '../../../../src/core/model/rolling.ts';
import type { Pod } from '../../../../src/api/kubernetes.ts';
import { actionAnnotation, operationAnnotation, restartAtAnnotation } from '../../../../src/api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../../../src/api/openbaocluster.ts';
import type {
  ClusterEvent,
  Decision,
  ControllerSettings,
  Effect,
} from '../../../../src/core/model/decision.ts';
import type { Member, Observation } from '../../../../src/core/model/observation.ts';
import { UnreadAnswers, type Answer } from '../../../support/unread.ts';
import { known, unknown, type Known } from '../../../../src/core/model/known.ts';
import { decideDeadServerCleanup } from '../../../../src/core/cluster/dead-server-cleanup.ts';
import { sameValue } from '../../../../src/core/model/same-value.ts';
import { decideEvictions } from '../../../../src/core/cluster/evictions.ts';
import { withConditions } from '../../../../src/core/cluster/conditions.ts';
import { runConcerns } from '../../../../src/core/model/cluster-concern.ts';
import { decideUpgrade } from '../../../../src/core/upgrade/rolling/decide.ts';
import { SimulatedBudget } from '../simulated-budget.ts';
import { liveRoll, lowering } from '../../../../src/core/upgrade/rolling/partition-guard.ts';
import { effectiveImage } from '../../../../src/core/workload/image.ts';
import { partitionFor } from '../../../../src/core/workload/partition.ts';
import {
  claim,
  clusterId,
  context,
  jobAsRead,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  settledStatus,
  start,
  statefulSet,
} from '../../../support/observation.ts';

/**
 * What an image is: `good` runs, `missing` cannot be pulled, `crashes` starts and ends at once without a word,
 * `refuses` does so with the words of a seal that it does not know, `sealed` runs and stays sealed.
 */
export interface SimulatedImage {
  readonly version: string;
  readonly kind: 'good' | 'missing' | 'crashes' | 'refuses' | 'sealed';
}

interface SimulatedPod {
  readonly uid: string;
  readonly image: string;
  readonly revision: string;
  readonly createdAt: number;
  restarts: number;
  /** When it answers, unsealed; never for an image that does not run. */
  up: boolean;
  ready: boolean;
  started: boolean;
  /** When a deleted pod is gone. */
  endsAt?: number;
}

interface SimulatedJob {
  readonly uid: string;
  readonly action: string;
  readonly operationId: string;
  readonly pod?: string;
  readonly image?: string;
  readonly args: readonly string[];
  readonly createdAt: number;
  acted: boolean;
  outcome: 'running' | 'succeeded' | 'failed';
  message?: string;
  podReason?: string;
}

/** How long things take, in milliseconds. Exploring multiplies them. */
export const durations = {
  job: 1_000,
  stepDown: 600,
  election: 1_000,
  block: 10_000,
  termination: 1_000,
  start: 1_500,
  ready: 500,
  /** From Ready until a restarted follower is replicated to again: 2 s, or 10 s on a bridged network. */
  catchUp: 2_000,
};

/** How OpenBao ends that does not know its seal (docs/facts/openbao-2.6-measured.md, section 5). */
const refusedStart = {
  exitCode: 1,
  reason: 'Error',
  startedAt: '2026-01-02T03:04:05Z',
  finishedAt: '2026-01-02T03:04:06Z',
  message: 'Error configuring seal "awskms": unknown wrapper: awskms\n',
};

interface Options {
  readonly replicas?: number;
  readonly leader?: number;
  readonly spec?: Partial<OpenBaoCluster['spec']>;
  readonly images?: Readonly<Record<string, SimulatedImage>>;
  readonly settings?: Partial<ControllerSettings>;
  readonly speed?: Partial<typeof durations>;
  /** Whether autopilot removes dead servers. */
  readonly deadServerCleanup?: boolean;
  /** Whether the StatefulSet controller goes by maxUnavailable, as it does from Kubernetes 1.37 on. */
  readonly goesByMaxUnavailable?: boolean;
}

/**
 * A Kubernetes and a Raft cluster in miniature, for decisions alone: the StatefulSet controller with its
 * partition, pods, Jobs, elections and lagging followers. Far simpler than test/openbao/model, so that a hundred
 * thousand states can be walked in a minute. What it does is what docs/facts/openbao-measured.md, sections 0, 4 and
 * 5, and the StatefulSet controllers of Kubernetes 1.36 and 1.37 do.
 */
export class SimulatedCluster {
  now = start;
  cluster: OpenBaoCluster;
  readonly replicas: number;
  readonly images = new Map<string, SimulatedImage>();
  readonly pods = new Map<number, SimulatedPod>();
  readonly jobs = new Map<string, SimulatedJob>();
  readonly speed: typeof durations;
  readonly settings: ControllerSettings;

  /** The StatefulSet: what is wanted, and what its controller has seen and done. */
  template: { image: string; restartAt: string | undefined; partition: number };
  generation = 1;
  observedGeneration = 1;
  /** The PodDisruptionBudget: what it says, and what its controller has seen of it and let through. */
  readonly budget = new SimulatedBudget<number>();
  currentRevision: string;
  updateRevision: string;

  leader: number | undefined;
  electionAt: number | undefined;
  index = 100;
  readonly applied: number[];
  readonly replicatedFrom: number[];
  readonly blockedUntil: number[];

  /** What the controller sees of Kubernetes, when its cache is behind. */
  cache: Pick<Observation, 'statefulSet' | 'disruptionBudget' | 'pods' | 'jobs'> | undefined;
  /** Each kind has a watch of its own. */
  private podsBehind: (Pick<Observation, 'pods'> & { readonly until: number }) | undefined;
  jobFailures = new Map<string, string>();
  readonly unread = new UnreadAnswers();
  /** Sealable namespaces, with the pods (UID) that hold their keys. */
  readonly namespaces = new Map<string, Set<string>>();
  /** Whom no keys reach. */
  readonly keyless = new Set<number>();
  /** Why nothing can be read of namespaces. */
  namespacesUnread: string | undefined;
  readonly events: ClusterEvent[] = [];
  readonly stepDowns: number[] = [];
  deadServerCleanup: boolean;
  private readonly goesByMaxUnavailable: boolean;
  /** Before anything happened. */
  readonly removedDeadServers: boolean;
  private serial = 0;
  private operations = 0;

  constructor(options: Options = {}) {
    const { replicas = 3, leader = 0, spec, images, settings, speed, deadServerCleanup = false } = options;
    this.deadServerCleanup = this.removedDeadServers = deadServerCleanup;
    this.goesByMaxUnavailable = options.goesByMaxUnavailable ?? false;
    this.replicas = replicas;
    this.leader = leader;
    this.speed = { ...durations, ...speed };
    this.settings = { ...context().settings, ...settings };
    for (const version of ['2.5.4', '2.5.5', '2.5.6', '2.5.7', '2.6.2']) {
      this.images.set(`openbao/openbao:${version}`, { version, kind: 'good' });
    }
    for (const [name, image] of Object.entries(images ?? {})) this.images.set(name, image);
    const { version = '2.5.5' } = spec ?? {};
    const runs = { currentVersion: version, image: `openbao/openbao:${version}` };
    this.cluster = settledCluster({ version, replicas, ...spec }, { ...settledStatus(replicas), ...runs });
    const { status } = this.cluster;
    const image = status?.image ?? 'openbao/openbao:2.5.5';
    this.template = { image, restartAt: undefined, partition: replicas };
    this.currentRevision = this.updateRevision = this.revision();
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      this.pods.set(ordinal, {
        ...this.newPod(image, this.currentRevision),
        up: true,
        ready: true,
        started: true,
      });
    }
    this.applied = Array.from({ length: replicas }, () => 100);
    this.replicatedFrom = Array.from({ length: replicas }, () => 0);
    this.blockedUntil = Array.from({ length: replicas }, () => 0);
  }

  get status(): OpenBaoClusterStatus {
    return this.cluster.status ?? {};
  }

  spec(change: Partial<OpenBaoCluster['spec']>): void {
    this.cluster = { ...this.cluster, spec: { ...this.cluster.spec, ...change } };
  }

  // What the controller sees.

  observe(): Observation {
    const kubernetes = { ...(this.cache ?? this.kubernetes()), ...this.podsSeen() };
    const members = new Map<string, Known<Member>>();
    for (const [ordinal, pod] of this.pods) members.set(this.name(ordinal), this.member(ordinal, pod));
    const ids = Array.from({ length: this.replicas }, (_, ordinal) => this.name(ordinal));
    return observation({
      cluster: this.cluster,
      ...kubernetes,
      members,
      claims: known(ids.map((_, ordinal) => claim(ordinal, '2.5.4'))),
      raft: this.membership(ids),
      versionHistory: known(['2.5.4']),
      sealables: this.sealables(),
    });
  }

  /** For 3 s the watch of the pods brings no news. */
  holdPods(): void {
    const { pods } = this.kubernetes();
    this.podsBehind = { pods, until: this.now + 3_000 };
  }

  private podsSeen(): Partial<Pick<Observation, 'pods'>> {
    if (this.podsBehind === undefined || this.now >= this.podsBehind.until) return {};
    return { pods: this.podsBehind.pods };
  }

  kubernetes(): Pick<Observation, 'statefulSet' | 'disruptionBudget' | 'pods' | 'jobs'> {
    const { image, partition, restartAt } = this.template;
    const set = statefulSet({
      replicas: this.replicas,
      partition,
      image,
      currentRevision: this.currentRevision,
      updateRevision: this.updateRevision,
      generation: this.generation,
      observedGeneration: this.observedGeneration,
    });
    const annotations = restartAt === undefined ? {} : { [restartAtAnnotation]: restartAt };
    const template = { ...set.spec?.template, metadata: { annotations } };
    return {
      statefulSet: known({ ...set, spec: { ...set.spec, template } }),
      disruptionBudget: known(this.budget.asRead((ordinal) => this.name(ordinal))),
      pods: known([...this.pods].map(([ordinal, pod]) => this.pod(ordinal, pod))),
      jobs: known([...this.jobs].map(([name, job]) => jobAsRead(name, job))),
    };
  }

  private pod(
    ordinal: number,
    { uid, image, revision, ready, endsAt, restarts, started, up }: SimulatedPod,
  ): Pod {
    const kind = this.images.get(image)?.kind ?? 'missing';
    const stuck =
      kind === 'missing' ? 'ImagePullBackOff' : started ? 'CrashLoopBackOff' : 'ContainerCreating';
    const waiting = up || (started && kind === 'sealed') ? undefined : stuck;
    const pod = serverPod(ordinal, {
      uid,
      image,
      revision,
      ready: ready && up,
      terminating: endsAt !== undefined,
      ...(waiting === undefined ? {} : { waiting }),
    });
    const statuses = (pod.status?.containerStatuses ?? []).map((each) => ({
      ...each,
      // The first end is that of the first start, before any restart.
      restartCount: kind === 'refuses' ? Math.max(0, restarts - 1) : restarts,
      ...(restarts > 0
        ? { lastState: { terminated: kind === 'refuses' ? refusedStart : { exitCode: 1 } } }
        : {}),
    }));
    return { ...pod, status: { ...pod.status, containerStatuses: statuses } };
  }

  /** As the leader says it: whom nobody can tell to lead is not asked. */
  private membership(ids: readonly string[]): Observation['raft'] {
    const leads = this.leader;
    if (leads === undefined || this.unreadOf(leads, 'health', 'leader') !== undefined)
      return unknown('no member leads');
    const unread = this.unreadOf(leads, 'login', 'configuration');
    return unread === undefined ? known(raftOf(ids, { leader: this.name(leads) })) : unknown(unread);
  }

  private sealables(): NonNullable<Observation['sealables']> {
    if (this.leader === undefined) return unknown('no member leads');
    if (this.namespacesUnread !== undefined) return unknown(this.namespacesUnread);
    const up = [...this.pods].filter(([, pod]) => pod.up);
    return known(
      [...this.namespaces].map(([path, holders]) => ({
        path,
        unsealed: new Map(up.map(([ordinal, { uid }]) => [this.name(ordinal), known(holders.has(uid))])),
      })),
    );
  }

  private unreadOf(ordinal: number, ...answers: readonly Answer[]): string | undefined {
    return this.unread.of(this.name(ordinal), this.versionOf(ordinal) ?? '', ...answers);
  }

  /** What a member runs; undefined while it has no pod. */
  versionOf(ordinal: number): string | undefined {
    return this.images.get(this.pods.get(ordinal)?.image ?? '')?.version;
  }

  private member(ordinal: number, { uid, up, started, image, endsAt }: SimulatedPod): Known<Member> {
    if (!up && started && this.images.get(image)?.kind === 'sealed') {
      const version = this.versionOf(ordinal) ?? '';
      const pod = this.name(ordinal);
      return known({ pod, podUID: uid, initialized: true, sealed: true, standby: true, version });
    }
    if (!up) return unknown('connection refused');
    const unread = this.unreadOf(ordinal, 'health', 'leader');
    if (unread !== undefined) return unknown(unread);
    const leads = this.leader;
    const leader = leads === undefined ? undefined : this.name(leads);
    return known({
      pod: this.name(ordinal),
      podUID: uid,
      initialized: true,
      sealed: false,
      standby: ordinal !== leads || endsAt !== undefined,
      version: this.images.get(image)?.version ?? '0.0.0',
      clusterId,
      ...(leader === undefined ? {} : { leader }),
      lastIndex: ordinal === leads ? this.index : (this.applied[ordinal] ?? 0),
      appliedIndex: this.applied[ordinal] ?? 0,
    });
  }

  // What the controller does.

  /** Observes and decides; nothing is done yet. */
  decide(observed = this.observe()): Decision {
    const operation = `op${String(this.operations + 1).padStart(8, '0')}`;
    const given = context({ now: this.now, newOperationId: operation, settings: this.settings });
    const concerns = [decideDeadServerCleanup, decideUpgrade, decideEvictions];
    const decided = runConcerns(concerns, observed, observed.cluster.status ?? {}, given);
    return { ...decided, status: withConditions(observed, decided.status, decided.notices, given) };
  }

  /**
   * One pass of the controller.
   *
   * @param survives how much of it happens before the process ends: 0 nothing, 1 the status, 2 also the
   *   first effect, and so on
   */
  pass(survives = Number.POSITIVE_INFINITY): Decision {
    const observed = this.observe();
    const decision = this.decide(observed);
    if (survives === 0) return decision;
    if (JSON.stringify(decision.status) !== JSON.stringify(this.status)) {
      const before = this.status.upgrade?.operationId;
      this.cluster = { ...this.cluster, status: decision.status };
      const after = decision.status.upgrade;
      if (after !== undefined && (after.operationId !== before || after.retarget !== undefined))
        this.operations++;
    }
    this.events.push(...decision.events);
    const effects: readonly (Effect | { readonly kind: 'render' })[] = [
      { kind: 'render' },
      ...decision.effects,
    ];
    for (const effect of effects.slice(0, survives - 1)) {
      if (effect.kind === 'render') this.render(observed, decision.status);
      else this.apply(effect);
    }
    return decision;
  }

  /** The StatefulSet follows from the status that was stored when the pass began, as src/core/workload renders it. */
  private render(observed: Observation, after: OpenBaoClusterStatus): void {
    const { cluster, statefulSet: live } = observed;
    const status = cluster.status ?? {};
    this.applyBudget(observed, after);
    if (cluster.spec.paused === true) return;
    const { upgrade } = status;
    const rolls = isRolling(upgrade?.phase);
    const image = rolls ? upgrade?.targetImage : undefined;
    const next = {
      image: image ?? status.image ?? effectiveImage(cluster.spec, this.settings.imageRepository),
      restartAt: rolls ? (upgrade?.restartAt ?? status.lastRestartAt) : status.lastRestartAt,
      partition: partitionFor(status, this.replicas, live.kind === 'known' ? live.value : undefined),
    };
    if (JSON.stringify(next) === JSON.stringify(this.template)) return;
    const { blocked, reservation } = lowering(liveRoll(observed, after), next.partition);
    if (blocked !== undefined || !this.isKept(reservation)) return;
    this.rendered(next.partition);
    this.template = next;
    this.generation++;
  }

  /** As src/core/cluster/children.ts applies it, also while paused. */
  private applyBudget(observed: Observation, after: OpenBaoClusterStatus): void {
    const { upgrade, evictions } = observed.cluster.status ?? {};
    const isAllowed = evictions?.allowed === true;
    const isAsSeen = sameValue(observed.statefulSet, this.kubernetes().statefulSet);
    if (isAllowed && (after.evictions?.allowed !== true || !isAsSeen)) return;
    this.budget.set(isReplacing(upgrade) && !isAllowed ? 0 : 1);
  }

  /** As src/io/kubernetes/apply.ts looks once more, without a cache. */
  private isKept(reservation: Reservation | undefined): boolean {
    if (reservation === undefined) return true;
    const { disruptionBudget: budget, pods } = this.kubernetes();
    if (budget.kind === 'unknown' || pods.kind === 'unknown') return true;
    return whyNotKept(reservation, budget.value, pods.value) === undefined;
  }

  /** Overridden to judge where the partition goes. */
  rendered(_partition: number): void {}

  apply(effect: Effect): void {
    if (effect.kind === 'create') this.createJob(effect.object);
    else if (effect.kind === 'delete') {
      const found = [...this.pods].find(([, { uid }]) => uid === effect.uid);
      if (found !== undefined && this.isKept(effect.reservation)) this.takeDown(found[0]);
    } else throw new Error(`an upgrade has no effect ${effect.kind}`);
  }

  private createJob({ metadata, ...rest }: { readonly metadata?: Pod['metadata'] }): void {
    const name = metadata?.name ?? '';
    if (this.jobs.has(name)) return;
    const action = metadata?.annotations?.[actionAnnotation] ?? '';
    const { spec } = rest as {
      spec?: { template: { spec: { containers: { image: string; args?: string[] }[] } } };
    };
    const [container] = spec?.template.spec.containers ?? [];
    const pod = container?.args?.find((arg) => arg.startsWith('--pod='))?.slice('--pod='.length);
    this.jobs.set(name, {
      uid: `job-${++this.serial}`,
      action,
      operationId: metadata?.annotations?.[operationAnnotation] ?? '',
      ...(pod === undefined ? {} : { pod }),
      ...(container === undefined ? {} : { image: container.image }),
      args: container?.args ?? [],
      createdAt: this.now,
      acted: false,
      outcome: 'running',
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
    for (const ordinal of this.budget.disrupted) this.endPod(ordinal);
    if (!isSlow('budget')) this.controlBudget();
    if (!isSlow('statefulset')) this.controlStatefulSet();
    for (const ordinal of this.pods.keys()) if (!isSlow(this.name(ordinal))) this.kubelet(ordinal);
    this.raft();
    for (const name of this.jobs.keys()) if (!isSlow(name)) this.runJob(name);
    this.exchangeKeys();
  }

  /** A member has them three seconds after its start (docs/facts/openbao-2.6-measured.md, 0.5). */
  private exchangeKeys(): void {
    const leader = this.leader === undefined ? undefined : this.pods.get(this.leader);
    if (leader === undefined || this.namespaces.size === 0) return;
    const reached = [...this.pods].flatMap(([ordinal, { uid, up, createdAt }]) =>
      up && this.now - createdAt >= 3_000 && !this.keyless.has(ordinal) ? [uid] : [],
    );
    const members = [leader.uid, ...reached];
    for (const holders of this.namespaces.values()) {
      if (members.some((uid) => holders.has(uid))) for (const uid of members) holders.add(uid);
    }
  }

  private isHealthy({ ready, endsAt }: SimulatedPod): boolean {
    return ready && endsAt === undefined;
  }

  /** The disruption controller. */
  private controlBudget(): void {
    const healthy = [...this.pods.values()].filter((pod) => this.isHealthy(pod)).length;
    this.budget.control(healthy, this.replicas);
  }

  /** Somebody drains a node. @returns whether it was let through */
  evict(ordinal: number): boolean {
    const pod = this.pods.get(ordinal);
    return pod !== undefined && pod.endsAt === undefined && this.budget.lets(ordinal);
  }

  /** The StatefulSet controller: makes missing pods, takes down those of an older template from the partition up. */
  controlStatefulSet(): void {
    this.observedGeneration = this.generation;
    this.updateRevision = this.revision();
    const { partition } = this.template;
    for (let ordinal = 0; ordinal < this.replicas; ordinal++) {
      if (this.pods.has(ordinal)) continue;
      const isNew = ordinal >= partition;
      const revision = isNew ? this.updateRevision : this.currentRevision;
      this.pods.set(ordinal, this.newPod(this.revisions.get(revision) ?? this.template.image, revision));
    }
    for (const ordinal of this.goesByMaxUnavailable ? this.takenDownByBudget() : this.takenDownInOrder())
      this.takeDown(ordinal);
    const all = [...this.pods.values()];
    if (all.every(({ revision, ready }) => ready && revision === this.updateRevision)) {
      this.currentRevision = this.updateRevision;
    }
  }

  /** Up to Kubernetes 1.36: the highest one, when all above it are there. */
  private takenDownInOrder(): readonly number[] {
    for (let ordinal = this.replicas - 1; ordinal >= this.template.partition; ordinal--) {
      const pod = this.pods.get(ordinal);
      if (pod === undefined || pod.endsAt !== undefined) return [];
      if (pod.revision !== this.updateRevision) return [ordinal];
      if (!pod.ready) return [];
    }
    return [];
  }

  /** From 1.37 on, with Parallel and one that may be unavailable: all that are already, else the highest one. */
  private takenDownByBudget(): readonly number[] {
    const pods = [...this.pods].toSorted(([one], [other]) => other - one);
    const older = pods.filter(
      ([ordinal, { revision, endsAt }]) =>
        ordinal >= this.template.partition && revision !== this.updateRevision && endsAt === undefined,
    );
    const unavailable = older.filter(([, { ready }]) => !ready);
    const isWhole = pods.every(([, { ready, endsAt }]) => ready && endsAt === undefined);
    return (isWhole ? older.slice(0, 1) : unavailable).map(([ordinal]) => ordinal);
  }

  /** What we take down, ourselves or through the partition; overridden to judge it. */
  takeDown(ordinal: number): void {
    this.endPod(ordinal);
  }

  endPod(ordinal: number): void {
    const pod = this.pods.get(ordinal);
    if (pod === undefined || pod.endsAt !== undefined) return;
    // It does not exit before the block after its step-down ends (docs/facts/openbao-measured.md, 0.6).
    pod.endsAt = Math.max(this.now + this.speed.termination, this.blockedUntil[ordinal] ?? 0);
    pod.ready = false;
    if (this.leader === ordinal) this.lose();
  }

  /** The container ends without warning, and its pod with it. */
  kill(ordinal: number): void {
    if (!this.pods.delete(ordinal)) return;
    if (this.leader === ordinal) this.lose();
  }

  lose(): void {
    this.leader = undefined;
    this.electionAt = this.now + this.speed.election;
  }

  kubelet(ordinal: number): void {
    const pod = this.pods.get(ordinal);
    if (pod === undefined) return;
    if (pod.endsAt !== undefined) {
      if (this.now >= pod.endsAt) this.pods.delete(ordinal);
      return;
    }
    const age = this.now - pod.createdAt;
    const { kind = 'missing' } = this.images.get(pod.image) ?? {};
    // What runs goes on running, whatever becomes of its image.
    if (!pod.up && (kind === 'missing' || age < this.speed.start)) return;
    this.starts(ordinal, pod);
    if (!pod.up && kind === 'sealed') return;
    if (!pod.up && (kind === 'crashes' || kind === 'refuses')) {
      pod.restarts++;
      pod.up = pod.ready = false;
      return;
    }
    if (!pod.up) {
      pod.up = true;
      this.replicatedFrom[ordinal] = this.now + this.speed.ready + this.speed.catchUp;
    }
    pod.ready = pod.ready || age >= this.speed.start + this.speed.ready;
  }

  /** Overridden to judge which versions start. */
  starts(_ordinal: number, pod: SimulatedPod): void {
    pod.started = true;
  }

  private raft(): void {
    const up = [...this.pods]
      .filter(([, pod]) => pod.up && pod.endsAt === undefined)
      .map(([ordinal]) => ordinal);
    const majority = Math.floor(this.replicas / 2) + 1;
    if (this.leader !== undefined && (!up.includes(this.leader) || up.length < majority)) this.lose();
    if (this.leader === undefined) {
      this.electionAt ??= this.now + this.speed.election;
      if (this.now < this.electionAt || up.length < majority) return;
      const [heir] = up
        .filter((ordinal) => (this.blockedUntil[ordinal] ?? 0) <= this.now)
        .toSorted((a, b) => (this.applied[b] ?? 0) - (this.applied[a] ?? 0) || a - b);
      if (heir === undefined) return;
      this.leads(heir);
      this.electionAt = undefined;
    }
    const replicating = up.filter(
      (ordinal) => ordinal === this.leader || (this.replicatedFrom[ordinal] ?? 0) <= this.now,
    );
    if (replicating.length < majority) return;
    this.index += 5;
    for (const ordinal of replicating)
      this.applied[ordinal] = ordinal === this.leader ? this.index : this.index - 1;
  }

  leads(ordinal: number): void {
    this.leader = ordinal;
    this.replicatedFrom[ordinal] = 0;
    // The entry that every new leader begins with; it counts once a quorum has it.
    this.index++;
  }

  runJob(name: string): void {
    const job = this.jobs.get(name);
    if (job === undefined || job.outcome !== 'running' || this.now - job.createdAt < this.speed.job) return;
    const unread = this.unreadBy(job);
    if (unread !== undefined && this.now - job.createdAt < this.settings.deadlines.stepDown / 2) return;
    const refusal = this.jobFailures.get(job.action) ?? unread;
    if (refusal !== undefined) {
      job.outcome = 'failed';
      job.message = JSON.stringify({ outcome: 'failed', reason: 'Refused', message: refusal });
    } else if (job.action === 'version-check') this.checkVersion(job);
    else if (job.action === 'step-down') this.stepDown(job);
    else if (job.action === 'preflight') this.succeed(job, { deadServerCleanup: this.deadServerCleanup });
    else if (job.action === 'dead-server-cleanup') {
      this.deadServerCleanup = job.args.includes('--state=on');
      this.succeed(job, {});
    } else
      this.succeed(
        job,
        job.action === 'snapshot' ? { name: 'prod.snap', size: 20_283, index: this.index } : {},
      );
  }

  /** What a program that asks the leader cannot go on without, however often it asks. */
  private unreadBy({ action }: SimulatedJob): string | undefined {
    const leads = this.leader;
    if (leads === undefined) return undefined;
    if (action === 'preflight')
      return this.unreadOf(leads, 'health', 'leader', 'login', 'configuration', 'autopilot');
    return action === 'step-down'
      ? this.unreadOf(leads, 'health', 'leader', 'login', 'configuration')
      : undefined;
  }

  private checkVersion(job: SimulatedJob): void {
    const image = this.images.get(job.image ?? '');
    if (image === undefined || image.kind === 'missing') {
      job.podReason = 'ImagePullBackOff: not found';
      if (this.now - job.createdAt > this.settings.deadlines.preChecks) job.outcome = 'failed';
      return;
    }
    job.outcome = 'succeeded';
    job.message = `OpenBao v${image.version} (simulated), built 2026-01-01T00:00:00Z`;
  }

  private stepDown(job: SimulatedJob): void {
    const leads = this.leader === undefined ? undefined : this.name(this.leader);
    if (!job.acted && this.leader !== undefined && leads === job.pod) {
      job.acted = true;
      this.stepsDown(this.now);
      this.blockedUntil[this.leader] = this.now + this.speed.block;
      this.leader = undefined;
      this.electionAt = this.now + this.speed.stepDown;
      return;
    }
    if (this.leader !== undefined && leads !== job.pod) this.succeed(job, {});
    else if (this.now - job.createdAt > this.settings.deadlines.stepDown) job.outcome = 'failed';
  }

  /** Overridden to judge how close step-downs follow each other. */
  stepsDown(at: number): void {
    this.stepDowns.push(at);
  }

  private succeed(job: SimulatedJob, data: object): void {
    job.outcome = 'succeeded';
    job.message = JSON.stringify({ outcome: 'done', reason: 'Done', message: 'done', data });
  }

  // Words.

  name(ordinal: number): string {
    return `prod-${ordinal}`;
  }

  readonly revisions = new Map<string, string>();
  private revision(): string {
    const { image, restartAt } = this.template;
    const key = `${image}|${restartAt ?? ''}`;
    const name = `rev-${key}`;
    this.revisions.set(name, image);
    return name;
  }

  private newPod(image: string, revision: string): SimulatedPod {
    return {
      uid: `pod-${++this.serial}`,
      image,
      revision,
      createdAt: this.now,
      restarts: 0,
      up: false,
      ready: false,
      started: false,
    };
  }
}
