import { isDeepStrictEqual } from 'node:util';
import type {
  ContainerStatus,
  ControllerRevision,
  Deployment,
  KubernetesObject,
  Pod,
  Service,
} from '../../../src/api/kubernetes.ts';
import { releaseLabel } from '../../../src/api/labels.ts';
import type {
  MetadataServices,
  MetadataServicesSpec,
  MetadataServicesStatus,
} from '../../../src/api/metadataservices.ts';
import type { DecidedEvent, ObjectEffect } from '../../../src/core/model/effect.ts';
import { known } from '../../../src/core/model/known.ts';
import { decideRelease } from '../../../src/core/release/decide.ts';
import {
  defaultWindows,
  type ReleaseDecision,
  type ReleaseSettings,
} from '../../../src/core/release/decision.ts';
import type { ReleaseSnapshot } from '../../../src/core/release/inputs.ts';
import type { ReleaseObservation } from '../../../src/core/release/observation.ts';
import { renderReleases } from '../../../src/core/release/render/render.ts';
import { isApplied } from '../../../src/core/workload/drift.ts';
import { start } from '../../support/observation.ts';

/** What pods of an image do. */
export type Behavior =
  | 'good'
  | 'slow'
  | 'missing'
  | 'crash'
  | 'oom'
  | 'never-ready'
  | 'pending'
  | 'quota'
  | 'config-error'
  | 'init-crash'
  | 'evicted'
  | 'breaks'
  | 'restarts'
  | 'blip';

type Stored = KubernetesObject & { readonly spec?: Record<string, unknown>; readonly data?: unknown };

export const settings: ReleaseSettings = {
  imageRepository: 'e6data',
  windows: defaultWindows,
  pollMs: 1_000,
  idlePollMs: 30_000,
};

/** A MetadataServices with a Kubernetes around it, in memory, in its own time. */
export class SimulatedServices {
  now = start;
  resource: MetadataServices;
  managers: { tags?: string; rollbackTo?: string } = {};
  /** By the tag of storage or schema; good when it is not here. */
  readonly images = new Map<string, Behavior>();
  readonly deployments = new Map<string, { readonly object: Stored; readonly at: number }>();
  readonly services = new Map<string, Stored>();
  readonly configMaps = new Map<string, Stored>();
  readonly revisions = new Map<string, Stored>();
  readonly events: DecidedEvent[] = [];
  /** Kinds of effects that the API server refuses. */
  refusing: (effect: ObjectEffect) => string | undefined = () => undefined;
  refused: { kind: string; name: string; message: string }[] = [];
  private serial = 0;

  constructor(spec: Partial<MetadataServicesSpec> = {}) {
    this.resource = {
      apiVersion: 'e6data.io/v1alpha1',
      kind: 'MetadataServices',
      metadata: { name: 'sample1', namespace: 'autoscalingv2', uid: 'm-1', generation: 1 },
      spec: { storage: { imageTag: '1.0' }, schema: { imageTag: '1.0' }, ...spec },
    };
  }

  get status(): MetadataServicesStatus {
    return this.resource.status ?? {};
  }

  /** What somebody writes to spec. */
  write(change: Partial<MetadataServicesSpec>, manager = 'kubectl-edit'): void {
    const spec = { ...this.resource.spec, ...change };
    if (isDeepStrictEqual(spec, this.resource.spec)) return;
    const { metadata } = this.resource;
    this.resource = {
      ...this.resource,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      spec,
    };
    this.managers = { ...this.managers, tags: manager };
  }

  annotate(name: string, value: string | undefined, manager = 'kubectl-annotate'): void {
    const { [name]: _, ...rest } = this.resource.metadata.annotations ?? {};
    const annotations = value === undefined ? rest : { ...rest, [name]: value };
    this.resource = { ...this.resource, metadata: { ...this.resource.metadata, annotations } };
    if (name.endsWith('rollback-to')) this.managers = { ...this.managers, rollbackTo: manager };
  }

  behavior({ object }: { readonly object: Stored }): Behavior {
    const text = JSON.stringify(object.spec);
    if (text.includes('500Gi')) return 'pending';
    if (text.includes('invalid://')) return 'crash';
    const [, tag = ''] = /"image":"[^"]*:([^"]+)"/.exec(text) ?? [];
    return this.images.get(tag) ?? 'good';
  }

  // What the controller sees.

  observe(): ReleaseObservation {
    const facts = {
      resource: this.resource,
      deployments: [...this.deployments.values()].map((each) => this.deployment(each)),
      revisions: [...this.revisions.values()].map((object) => ({
        object: object as ControllerRevision,
        snapshot: object.data as ReleaseSnapshot,
      })),
    };
    return {
      ...facts,
      services: [...this.services.values()] as Service[],
      pods: [...this.deployments.values()].flatMap((each) => this.pods(each)),
      drifted: known(
        renderReleases(facts, settings.imageRepository).filter((desired) => {
          const live = this.live(desired);
          // What was refused a moment ago is not tried at once.
          const isRefused = this.refused.some(({ name }) => name === desired.metadata?.name);
          return !isRefused && (live === undefined || !isApplied(desired, live));
        }),
      ),
      refused: this.refused,
      managers: this.managers,
    };
  }

  private live({ kind, metadata }: KubernetesObject): Stored | undefined {
    const name = metadata?.name ?? '';
    if (kind === 'Deployment') return this.deployments.get(name)?.object;
    if (kind === 'Service') return this.services.get(name);
    if (kind === 'ConfigMap') return this.configMaps.get(name);
    return this.revisions.get(name);
  }

  private deployment(each: { readonly object: Stored; readonly at: number }): Deployment {
    const { object } = each;
    const wanted = Number(object.spec?.['replicas'] ?? 1);
    const pods = this.pods(each);
    const ready = pods.filter(isReady).length;
    const isRefused = this.behavior(each) === 'quota' && this.now - each.at >= 1_000;
    return {
      ...(object as Deployment),
      status: {
        observedGeneration: this.now - each.at >= 500 ? 1 : 0,
        replicas: pods.length,
        updatedReplicas: pods.length,
        readyReplicas: ready,
        availableReplicas: ready,
        conditions: isRefused
          ? [
              {
                type: 'ReplicaFailure',
                status: 'True',
                reason: 'FailedCreate',
                message: `pods "${object.metadata?.name}-x" is forbidden: exceeded quota: pods, used 4 of 4 (${wanted})`,
              },
            ]
          : [],
      },
    };
  }

  private pods(each: { readonly object: Stored; readonly at: number }): readonly Pod[] {
    const { object, at } = each;
    const behavior = this.behavior(each);
    const age = this.now - at;
    if (age < 500 || behavior === 'quota') return [];
    const template = object.spec?.['template'] as { metadata: { labels: Record<string, string> } };
    return Array.from({ length: Number(object.spec?.['replicas'] ?? 1) }, (_, index) => ({
      metadata: {
        name: `${object.metadata?.name}-${index}`,
        labels: template.metadata.labels,
        uid: `p-${object.metadata?.uid}-${index}`,
      },
      ...statusOf(behavior, age),
    }));
  }

  // What the controller does.

  decide(): ReleaseDecision {
    return decideRelease(this.observe(), { now: this.now, leaseTransitions: 1, settings });
  }

  /** @param survives how many of the effects are carried out before the controller ends */
  pass(survives = Infinity): ReleaseDecision {
    const decision = this.decide();
    const isChanged = !isDeepStrictEqual(decision.status, this.status);
    if (!isChanged && decision.effects.length === 0) return decision;
    const { status, effects, events } = structuredClone(decision);
    this.resource = {
      ...this.resource,
      status: JSON.parse(JSON.stringify(status)) as MetadataServicesStatus,
    };
    this.events.push(...events);
    effects.slice(0, survives).forEach((effect) => this.apply(effect));
    return decision;
  }

  apply(effect: ObjectEffect): void {
    const message = this.refusing(effect);
    if (message !== undefined) {
      const object = 'object' in effect ? effect.object : undefined;
      const name = object?.metadata?.name ?? ('target' in effect ? effect.target.name : '');
      const kind = object?.kind ?? ('target' in effect ? effect.target.kind : '');
      this.refused = [...this.refused.filter((each) => each.name !== name), { kind, name, message }];
      return;
    }
    switch (effect.kind) {
      case 'create':
      case 'apply':
        this.store(effect.object, effect.kind);
        break;
      case 'delete':
        this.remove(effect);
        break;
      case 'patch':
        this.patch(effect.target.kind, effect.target.name, effect.patch);
    }
  }

  private store(object: Stored, how: 'create' | 'apply'): void {
    const name = object.metadata?.name ?? '';
    const before = this.live(object);
    if (before !== undefined && how === 'create') return;
    const uid = before?.metadata?.uid ?? `${object.kind}-${++this.serial}`;
    const stored: Stored = {
      ...object,
      metadata: { ...before?.metadata, ...object.metadata, uid, generation: 1 },
      ...(object.kind === 'Deployment' ? { spec: { ...before?.spec, ...object.spec } } : {}),
    };
    if (object.kind === 'Deployment') {
      if (before !== undefined && how === 'apply' && stored.spec?.['template'] !== before.spec?.['template'])
        throw new Error(`the template of ${name} is changed in place`);
      this.deployments.set(name, { object: stored, at: this.deployments.get(name)?.at ?? this.now });
    }
    if (object.kind === 'Service') this.serve(name, stored);
    if (object.kind === 'ConfigMap') this.configMaps.set(name, stored);
    if (object.kind === 'ControllerRevision') this.revisions.set(name, stored);
  }

  serve(name: string, service: Stored): void {
    this.services.set(name, service);
  }

  remove({ target, uid }: Extract<ObjectEffect, { kind: 'delete' }>): void {
    const collection = target.kind === 'Deployment' ? this.deployments : this.revisions;
    const live =
      target.kind === 'Deployment'
        ? this.deployments.get(target.name)?.object
        : this.revisions.get(target.name);
    if (live?.metadata?.uid === uid) collection.delete(target.name);
  }

  private patch(kind: string, name: string, patch: object): void {
    if (kind === 'MetadataServices') {
      const { spec } = this.resource;
      this.resource = merged(this.resource, patch) as unknown as MetadataServices;
      if (!isDeepStrictEqual(spec, this.resource.spec)) {
        const { metadata } = this.resource;
        this.resource = {
          ...this.resource,
          metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
        };
      }
      return;
    }
    const live = this.revisions.get(name);
    if (live !== undefined) this.revisions.set(name, merged(live, patch));
  }

  tick(milliseconds = 1_000): void {
    this.now += milliseconds;
  }

  /** The release that each Service of no color selects, where all of them select the same. */
  served(): string | undefined {
    const selected = ['storage', 'schema'].map(
      (component) =>
        (
          this.services.get(`sample1-${component}`)?.spec?.['selector'] as Record<string, string> | undefined
        )?.[releaseLabel],
    );
    return selected[0] === selected[1] ? selected[0] : undefined;
  }
}

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

/** When an image's pods become ready, in milliseconds after their Deployment. */
const readyAfter = 3_000;

function statusOf(behavior: Behavior, age: number): Pick<Pod, 'status'> {
  const waits = (reason: string, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
    name: 'storage',
    image: 'e6data/storage:x',
    ready: false,
    restartCount: 0,
    state: { waiting: { reason } },
    ...more,
  });
  const runs = (ready: boolean, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
    name: 'storage',
    ready,
    restartCount: 0,
    state: { running: {} },
    ...more,
  });
  const pod = (
    phase: string,
    status: ContainerStatus,
    ready = status.ready === true,
  ): Pick<Pod, 'status'> => ({
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [status],
    },
  });
  const ended = (reason: string, exitCode: number, times: number): Partial<ContainerStatus> => ({
    restartCount: times,
    lastState: { terminated: { reason, exitCode } },
  });
  const ready = age >= (behavior === 'slow' ? 90_000 : readyAfter);
  switch (behavior) {
    case 'good':
    case 'slow':
      return ready ? pod('Running', runs(true)) : pod('Pending', waits('ContainerCreating'));
    case 'missing':
      return pod(
        'Pending',
        waits(age < 2_000 ? 'ErrImagePull' : 'ImagePullBackOff', {
          state: { waiting: { reason: 'ImagePullBackOff', message: 'image not found' } },
        }),
      );
    case 'crash':
      return pod('Running', waits('CrashLoopBackOff', ended('Error', 1, Math.floor(age / 10_000) + 1)));
    case 'oom':
      return pod('Running', runs(false, ended('OOMKilled', 137, Math.floor(age / 10_000) + 1)));
    case 'never-ready':
      return pod('Running', runs(false));
    case 'pending':
      return {
        status: {
          phase: 'Pending',
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: '0/1 nodes are available: 1 Insufficient memory.',
            },
          ],
        },
      };
    case 'quota':
      return {};
    case 'config-error':
      return pod(
        'Pending',
        waits('CreateContainerConfigError', {
          state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } },
        }),
      );
    case 'init-crash':
      return {
        status: {
          phase: 'Pending',
          initContainerStatuses: [waits('CrashLoopBackOff', { ...ended('Error', 2, 3), name: 'migrate' })],
          containerStatuses: [waits('PodInitializing')],
        },
      };
    case 'evicted':
      return {
        status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
      };
    case 'breaks':
      // Well for its whole grace, broken soon after the switch.
      if (age >= 140_000) return pod('Running', waits('CrashLoopBackOff', ended('Error', 1, 1)));
      return pod('Running', runs(ready));
    case 'restarts':
      return pod('Running', runs(ready, age >= 40_000 ? ended('OOMKilled', 137, 1) : {}));
    case 'blip':
      return pod('Running', runs(ready && !(age >= 30_000 && age < 36_000)));
    default:
      return behavior satisfies never;
  }
}

function merged(target: unknown, patch: unknown): Record<string, unknown> {
  const result: Record<string, unknown> = { ...(target as Record<string, unknown>) };
  for (const [name, value] of Object.entries(patch as Record<string, unknown>)) {
    if (value === null) delete result[name];
    else if (typeof value === 'object' && !Array.isArray(value))
      result[name] = merged(result[name] ?? {}, value);
    else result[name] = value;
  }
  return result;
}
