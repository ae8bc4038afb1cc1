import type {
  KubernetesObject,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../../src/api/kubernetes.ts';
import { actionAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import type { ClusterEvent, Decision, DecisionContext, Effect } from '../../../src/core/model/decision.ts';
import { defined } from '../../../src/api/object-fields.ts';
import type { Observation, ObservedJob } from '../../../src/core/model/observation.ts';
import { known } from '../../../src/core/model/known.ts';
import { disruptionBudget } from '../../../src/core/workload/disruption-budget.ts';
import { silence } from '../../../src/controller/runtime/silence.ts';
import {
  claim,
  context,
  member,
  membersOf,
  observation,
  observedJob,
  raftOf,
  serverPod,
  settledCluster,
  settledStatus,
  start,
  statefulSet,
} from '../../support/observation.ts';
import { maxUnavailableOf, SimulatedBudget } from '../upgrade/simulated-budget.ts';
import { wrongCluster } from '../../support/status-rules.ts';

/** How the simulated Raft and Kubernetes misbehave. */
export interface Faults {
  /** Actions whose Job fails and changes nothing. */
  failing?: readonly string[];
  /** Ordinals of pods that never become Ready. */
  broken?: readonly number[];
  /** Jobs stay running. */
  stuck?: boolean;
  /** The disruption controller does not look. */
  stuckBudget?: boolean;
}

/**
 * A cluster that only changes its size: Jobs do what they are asked in one turn, a StatefulSet that is applied
 * has its pods in the next, a new pod is a voter the turn after. No log, no time of its own; test/openbao has
 * the model of Raft.
 */
export class SimulatedScaling {
  cluster: OpenBaoCluster;
  faults: Faults = {};
  /** Who holds the keys of which namespaces. */
  sealables: Observation['sealables'] = known([]);
  now = start;
  size: number;
  readonly voters: string[];
  readonly claims = new Map<string, PersistentVolumeClaim>();
  readonly jobs = new Map<string, ObservedJob>();
  readonly events: ClusterEvent[] = [];
  /** What was done, in order: `step-down prod-4`, `size 4`, `delete data-prod-4`. */
  readonly done: string[] = [];
  leader: string;
  #claims = 0;
  #operations = 0;
  readonly budget = new SimulatedBudget<string>();
  readonly #locks = silence({ elapsed: () => this.now });
  #starting = new Set<string>();

  constructor(from: number, to: number, leader = 'prod-0') {
    this.size = from;
    this.leader = leader;
    this.voters = names(from);
    this.cluster = settledCluster({ replicas: to }, settledStatus(from));
    for (const pod of this.voters) this.#claim(pod);
  }

  get status(): OpenBaoClusterStatus {
    return this.cluster.status ?? {};
  }

  wish(spec: Partial<OpenBaoCluster['spec']>): void {
    this.cluster = { ...this.cluster, spec: { ...this.cluster.spec, ...spec } };
  }

  /** One pass of the controller, and what follows from it. */
  turn(given: Partial<DecisionContext> = {}): Decision {
    this.now += 1_000;
    this.#kubernetes();
    const newOperationId = `op${String(++this.#operations).padStart(8, '0')}`;
    const decision = decideCluster(this.#observe(), context({ now: this.now, newOperationId, ...given }));
    this.cluster = { ...this.cluster, status: decision.status };
    const wrong = wrongCluster(this.cluster, this.now);
    if (wrong !== undefined) throw new Error(`${wrong}\nstatus: ${JSON.stringify(this.status)}`);
    this.events.push(...decision.events);
    for (const effect of decision.effects) this.#carryOut(effect);
    return decision;
  }

  /** Turns until nothing is under way any more, or something holds. */
  run(most = 120): this {
    for (let turns = 0; turns < most; turns++) {
      this.turn();
      const { scaling, replicas } = this.status;
      if (scaling?.held === true || (scaling === undefined && replicas === this.cluster.spec.replicas)) break;
    }
    return this;
  }

  #observe() {
    const pods = names(this.size).map((name, ordinal) => this.#pod(name, ordinal));
    const isWell = (ordinal: number) => !this.#isBroken(ordinal) && this.voters.includes(`prod-${ordinal}`);
    return observation({
      cluster: this.cluster,
      statefulSet: known(this.#statefulSet()),
      disruptionBudget: known(this.budget.asRead((pod) => pod)),
      pods: known(pods),
      claims: known([...this.claims.values()]),
      jobs: known([...this.jobs.values()]),
      lockUnchangedMs: this.#locks.see('bao/prod', this.status.operationLock),
      members: membersOf(
        ...pods.flatMap((pod, ordinal) =>
          isWell(ordinal)
            ? [
                member(ordinal, {
                  standby: pod.metadata.name !== this.leader,
                  leader: this.leader,
                  lastIndex: 100,
                }),
              ]
            : [],
        ),
      ),
      ...defined({ sealables: this.sealables }),
      raft: known(raftOf(this.voters, { leader: this.leader })),
      drifted: known([
        ...(this.status.replicas === this.size ? [] : [this.#statefulSet(this.status.replicas)]),
        ...(maxUnavailableOf(this.#wantedBudget()) === this.budget.maxUnavailable
          ? []
          : [this.#wantedBudget()]),
      ]),
    });
  }

  #wantedBudget(): KubernetesObject {
    return disruptionBudget({ cluster: this.cluster, claims: [...this.claims.values()] }, names(this.size));
  }

  #kubernetes(): void {
    const healthy = this.voters.filter((pod) => !this.#isBroken(Number(pod.split('-')[1])));
    if (this.faults.stuckBudget !== true) this.budget.control(healthy.length, this.size);
    for (const pod of names(this.size)) {
      if (!this.claims.has(pod)) {
        this.#claim(pod);
        this.#starting.add(pod);
      } else if (!this.#isBroken(Number(pod.split('-')[1])) && this.#starting.delete(pod)) {
        this.voters.push(pod);
      }
    }
  }

  #carryOut(effect: Effect): void {
    if (effect.kind === 'apply' && effect.object.kind === 'PodDisruptionBudget')
      this.budget.set(maxUnavailableOf(effect.object));
    if (effect.kind === 'apply' && effect.object.kind === 'StatefulSet') {
      const { replicas = this.size } = (effect.object as StatefulSet).spec ?? {};
      this.size = replicas;
      for (const pod of this.#starting) if (!names(replicas).includes(pod)) this.#starting.delete(pod);
      this.done.push(`size ${replicas}`);
    }
    if (effect.kind === 'delete') {
      this.done.push(`delete ${effect.target.name}`);
      this.claims.delete(effect.target.name.replace('data-', ''));
    }
    if (effect.kind === 'create') this.#job(effect.object.metadata?.name ?? '', effect.object);
  }

  #job(name: string, object: { metadata?: { annotations?: Readonly<Record<string, string>> } }): void {
    if (this.jobs.has(name)) return;
    const action = object.metadata?.annotations?.[actionAnnotation] ?? '';
    const { args = [] } = containerOf(object);
    const pod = args.find((each) => each.startsWith('--pod='))?.slice('--pod='.length) ?? '';
    const isFailing = this.faults.failing?.includes(action) === true;
    const outcome = this.faults.stuck === true ? 'running' : isFailing ? 'failed' : 'succeeded';
    this.jobs.set(name, observedJob(name, outcome));
    this.done.push(`${action} ${pod}${outcome === 'succeeded' ? '' : ` ${outcome}`}`);
    if (outcome !== 'succeeded') return;
    if (action === 'step-down') this.leader = this.voters.find((each) => each !== pod) ?? pod;
    if (action === 'remove-peer')
      this.voters.splice(0, Infinity, ...this.voters.filter((each) => each !== pod));
  }

  #pod(name: string, ordinal: number): Pod {
    return serverPod(ordinal, { ready: !this.#isBroken(ordinal) && this.voters.includes(name) });
  }

  #statefulSet(replicas = this.size): StatefulSet {
    return statefulSet({ replicas });
  }

  #claim(pod: string): void {
    const ordinal = Number(pod.split('-')[1]);
    this.claims.set(pod, claim(ordinal, '2.5.5', { uid: `claim-${ordinal}-${++this.#claims}` }));
  }

  #isBroken(ordinal: number): boolean {
    return this.faults.broken?.includes(ordinal) === true;
  }
}

export const names = (size: number): string[] => Array.from({ length: size }, (_, n) => `prod-${n}`);

const containerOf = (object: object): { args?: readonly string[] } =>
  (object as { spec?: { template?: { spec?: { containers?: [{ args?: string[] }] } } } }).spec?.template?.spec
    ?.containers?.[0] ?? {};
