import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import { ApiError, isConflict, isNotFound } from '../../io/kubernetes/kubernetes.ts';
import type { Fence } from '../../io/kubernetes/fenced-client.ts';
import type { Logger } from '../../io/logger.ts';
import { systemClock, type Clock } from './clock.ts';
import type { ReportedEvent } from './events.ts';
import type { Informer } from './informer.ts';
import type { Leadership } from './lease.ts';
import type { ControllerMetrics, Result } from './metrics.ts';
import type { Outcome } from './queue.ts';

/** What the loop hands to a decision beside the observation. */
export interface ReconcileContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** 10 lower-case letters and digits, new in each pass. */
  readonly newOperationId: string;
  /** The term that decides. */
  readonly leaseTransitions: number;
}

/** What a decision says to the loop; src/core/model/decision.ts has the whole meaning. */
export interface DecisionOf<Effect> {
  /** The whole next status. */
  readonly status: object;
  readonly effects: readonly Effect[];
  /** Sent only when the status changes or there are effects. */
  readonly events: readonly ReportedEvent[];
  /** Milliseconds since the epoch. */
  readonly requeueAt?: number | undefined;
}

/** A kind, as the loop sees it. */
export interface ReconcilerOptions<Resource extends KubernetesObject, Observation, Effect> {
  /** Its name in metrics and logs. */
  readonly controller: string;
  readonly resources: Pick<Informer<Resource>, 'get' | 'observeWrite'>;
  /** Reads the object from the API server itself; undefined when it is not there. */
  readonly read: (key: string, signal: AbortSignal) => Promise<Resource | undefined>;
  /** Writes the status if the object still has the resourceVersion that is in `resource`. */
  readonly writeStatus: (resource: Resource, status: object, signal: AbortSignal) => Promise<Resource>;
  /** Reads all that a decision needs. Undefined: there is nothing to decide. */
  readonly observe: (resource: Resource, signal: AbortSignal) => Promise<Observation | undefined>;
  readonly decide: (observation: Observation, context: ReconcileContext) => DecisionOf<Effect>;
  /** Carries one out. Every call that it makes is to be made within the fence. */
  readonly apply: (effect: Effect, resource: Resource, fence: Fence) => Promise<void>;
  readonly record: (resource: Resource, event: ReportedEvent) => void;
  readonly logger: Logger;
  readonly metrics?: Pick<ControllerMetrics, 'reconciled'> | undefined;
  readonly clock?: Clock | undefined;
  readonly newOperationId?: (() => string) | undefined;
  /** Milliseconds after which a pass is given up, to begin anew. Default 60 000. */
  readonly passTimeoutMs?: number | undefined;
}

/** One pass over the object of this key. Never throws. */
export type Reconcile = (key: string, leadership: Leadership) => Promise<Outcome>;

/** A decision that asks to be looked at again in the past, or now, is looked at after these milliseconds. */
const shortestRequeueMs = 50;

/**
 * The one loop of every kind: observe, decide, write the status, report, act (docs/design.md, rule 1).
 *
 * The status is written when it changes, and also, unchanged, before any effect: that write is refused (409) when
 * the decision was made on an old version or another leader was faster, and then nothing else happens. An
 * unchanged write leaves no trace in etcd. Without a change and without effects nothing is written.
 *
 * The process may end between any two steps: what is recorded is decided on again, what is not never was.
 */
export function reconciler<Resource extends KubernetesObject, Observation, Effect>(
  options: ReconcilerOptions<Resource, Observation, Effect>,
): Reconcile {
  const loop = new Reconciler(options);
  return (key, leadership) => loop.reconcile(key, leadership);
}

class Reconciler<Resource extends KubernetesObject, Observation, Effect> {
  readonly #options: ReconcilerOptions<Resource, Observation, Effect>;
  readonly #clock: Clock;
  /** Keys whose cached object proved to be old. */
  readonly #outdated = new Set<string>();
  #hasWarned = false;

  constructor(options: ReconcilerOptions<Resource, Observation, Effect>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  async reconcile(key: string, leadership: Leadership): Promise<Outcome> {
    const { controller, logger, metrics, passTimeoutMs = 60_000 } = this.#options;
    const begun = this.#clock.elapsed();
    // Not AbortSignal.timeout, whose timers outlive their passes by far.
    const given = new AbortController();
    const { signal } = given;
    const stop = () => given.abort(leadership.signal.reason);
    const callOff = this.#clock.after(passTimeoutMs, () =>
      given.abort(new Error(`the pass took longer than ${passTimeoutMs} ms`)),
    );
    leadership.signal.addEventListener('abort', stop, { once: true });
    if (leadership.signal.aborted) stop();
    let outcome: Outcome;
    try {
      outcome = await this.#pass(key, leadership, signal);
    } catch (error) {
      const seconds = error instanceof ApiError ? error.retryAfterSeconds : undefined;
      outcome = { kind: 'failed', notBeforeMs: seconds === undefined ? undefined : seconds * 1000 };
      if (leadership.isHeld()) logger.warn({ err: error, controller, key }, 'a pass failed');
    } finally {
      callOff();
      leadership.signal.removeEventListener('abort', stop);
    }
    metrics?.reconciled(controller, resultOf(outcome), this.#clock.elapsed() - begun);
    return outcome;
  }

  async #pass(key: string, leadership: Leadership, signal: AbortSignal): Promise<Outcome> {
    const { observe, decide, record, apply, newOperationId = randomOperationId } = this.#options;
    const resource = await this.#current(key, signal);
    if (resource === undefined) return { kind: 'done' };
    const observation = await observe(resource, signal);
    if (observation === undefined) return { kind: 'done' };
    const { effects, events, requeueAt, ...decision } = decide(observation, {
      now: this.#clock.now(),
      newOperationId: newOperationId(),
      leaseTransitions: leadership.term,
    });
    const status = plain(decision.status);
    if (effects.length > 0 || !isDeepStrictEqual(status, statusOf(resource))) {
      assertHeld(leadership, signal);
      const written = await this.#store(key, resource, status, signal);
      if (written.kind !== 'stored') return written;
      for (const event of events) record(written.resource, event);
      const fence: Fence = { signal, assertHeld: () => assertHeld(leadership, signal) };
      for (const effect of effects) {
        fence.assertHeld();
        await apply(effect, written.resource, fence);
      }
    }
    if (requeueAt === undefined) return { kind: 'done' };
    return { kind: 'done', at: Math.max(requeueAt, this.#clock.now() + shortestRequeueMs) };
  }

  async #current(key: string, signal: AbortSignal): Promise<Resource | undefined> {
    const { resources, read } = this.#options;
    if (!this.#outdated.has(key)) return resources.get(key);
    const resource = await read(key, signal);
    if (resource !== undefined) resources.observeWrite(resource);
    this.#outdated.delete(key);
    return resource;
  }

  /** The object as stored, or what ends the pass. */
  async #store(
    key: string,
    resource: Resource,
    status: object,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'stored'; readonly resource: Resource } | Outcome> {
    const { resources, writeStatus } = this.#options;
    let stored: Resource;
    try {
      stored = await writeStatus(resource, status, signal);
    } catch (error) {
      if (isNotFound(error)) return { kind: 'done' };
      // Whether it was written is not known when no answer came.
      if (isConflict(error) || (error instanceof ApiError && error.status === 0)) this.#outdated.add(key);
      if (isConflict(error)) return { kind: 'again' };
      throw error;
    }
    // The next pass must not decide on what was there before.
    resources.observeWrite(stored);
    this.#warnOfLoss(key, differences(status, statusOf(stored)));
    return { kind: 'stored', resource: stored };
  }

  /** Once: the same fields are lost with every write. */
  #warnOfLoss(key: string, fields: readonly string[]): void {
    if (fields.length === 0 || this.#hasWarned) return;
    this.#hasWarned = true;
    const { controller, logger } = this.#options;
    logger.warn(
      { controller, key, fields },
      'the API server keeps another status than was written; is its CRD of this version?',
    );
  }
}

/** @throws Error when this process no longer leads, or the pass has taken too long */
function assertHeld(leadership: Leadership, signal: AbortSignal): void {
  signal.throwIfAborted();
  if (!leadership.isHeld()) throw new Error('no longer the leader');
}

function resultOf(outcome: Outcome): Result {
  if (outcome.kind === 'failed') return 'error';
  if (outcome.kind === 'again') return 'requeue';
  return outcome.at === undefined ? 'success' : 'requeue_after';
}

/** As JSON would carry it: without fields that are undefined. */
const plain = (status: object): object => JSON.parse(JSON.stringify(status)) as object;

const statusOf = (resource: KubernetesObject): object => (resource as { status?: object }).status ?? {};

/** The top-level fields that differ. */
function differences(one: object, other: object): readonly string[] {
  const [left, right] = [one, other] as [Record<string, unknown>, Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].filter(
    (field) => !isDeepStrictEqual(left[field], right[field]),
  );
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

const randomOperationId = (): string =>
  Array.from({ length: 10 }, () => alphabet[randomInt(alphabet.length)]).join('');
