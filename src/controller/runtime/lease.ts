import type { ObjectMeta } from '../../api/kubernetes.ts';
import { isConflict, isNotFound, type KubernetesClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { objectPath, collectionPath } from '../../io/kubernetes/resources.ts';
import { sleep, systemClock, type Clock } from './clock.ts';
import { microTime } from './micro-time.ts';

export interface LeaseOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'update'>;
  readonly namespace: string;
  readonly name: string;
  /** Of this process and of no other, ever: host name and a UUID. */
  readonly identity: string;
  readonly logger: Logger;
  /**
   * Seconds that others wait for a leader of which they see nothing. Default 25: a call that was begun before the
   * renewal's deadline ends by its own time-out, 10 s, before another leads.
   */
  readonly leaseDurationSeconds?: number | undefined;
  /** Milliseconds after its last renewal at which a leader stops by itself. Default 10 000. */
  readonly renewDeadlineMs?: number | undefined;
  /** Milliseconds between renewals, and at most between a candidate's looks. Default 2 000. */
  readonly retryPeriodMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Between 0 and 1. */
  readonly random?: (() => number) | undefined;
}

/** One term of leading, from its first moment to its end. */
export interface Leadership {
  /** The Lease's leaseTransitions: grows with each change of leader. */
  readonly term: number;
  /** Raised when it is lost, or released. */
  readonly signal: AbortSignal;
  /** Whether it lasts by our own clock, also when this process was stopped and the signal is late. */
  isHeld(): boolean;
  /** Gives it up, so that a successor need not wait for its end. To be called when nothing acts on it any more. Never throws. */
  release(): Promise<void>;
}

/** Competes for one Lease. */
export interface LeaseElector {
  /** Resolves when this process leads; with undefined when the signal is raised before. Never rejects. */
  acquire(signal: AbortSignal): Promise<Leadership | undefined>;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

interface Lease {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly spec?: LeaseSpec;
}

const leaseKind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;

interface Timing {
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly clock: Clock;
}

/**
 * Leader election by a Lease (coordination.k8s.io/v1), as client-go does it and beside client-go's own: the times in
 * the Lease are for people; who waits for its end counts from when he saw it change, by his own clock.
 *
 * It keeps two leaders from working against each other, but a process that was stopped in mid-call wakes up
 * believing; what keeps that from harm is that every act follows a conditional write (docs/design.md, rule 1).
 *
 * @see https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
 */
export const leaseElector = (options: LeaseOptions): LeaseElector => new Elector(options);

class Elector implements LeaseElector {
  readonly #lease: StoredLease;
  readonly #timing: Timing;
  readonly #identity: string;
  readonly #leaseDurationSeconds: number;
  readonly #random: () => number;
  readonly #logger: Logger;

  constructor(options: LeaseOptions) {
    const { renewDeadlineMs = 10_000, retryPeriodMs = 2_000, clock = systemClock } = options;
    this.#timing = { renewDeadlineMs, retryPeriodMs, clock };
    this.#lease = new StoredLease(options, this.#timing);
    this.#identity = options.identity;
    this.#leaseDurationSeconds = options.leaseDurationSeconds ?? 25;
    this.#random = options.random ?? Math.random;
    this.#logger = options.logger;
  }

  async acquire(signal: AbortSignal): Promise<Leadership | undefined> {
    const { clock, retryPeriodMs } = this.#timing;
    while (!signal.aborted) {
      try {
        const begun = await this.#take();
        if (begun !== undefined) return this.#lead(begun);
      } catch (error) {
        if (!isConflict(error)) this.#logger.warn({ err: error }, 'the lease could not be taken');
      }
      await sleep(clock, retryPeriodMs * (0.75 + this.#random() / 4), signal);
    }
    return undefined;
  }

  /** Takes the Lease if nobody has it. @returns the moment before it was taken */
  async #take(): Promise<number | undefined> {
    const { clock } = this.#timing;
    const lease = await this.#lease.read();
    if (lease !== undefined) this.#lease.see(lease);
    // Also when the Lease is gone: somebody deleted it under a leader, who has not noticed yet.
    if (this.#isTaken()) return undefined;
    const begun = clock.elapsed();
    const now = microTime(clock.now());
    const { holderIdentity, acquireTime, leaseTransitions = 0 } = lease?.spec ?? {};
    const isOurs = holderIdentity === this.#identity;
    await this.#lease.write(lease, {
      ...lease?.spec,
      holderIdentity: this.#identity,
      leaseDurationSeconds: this.#leaseDurationSeconds,
      acquireTime: isOurs && acquireTime !== undefined ? acquireTime : now,
      renewTime: now,
      leaseTransitions: lease === undefined || isOurs ? leaseTransitions : leaseTransitions + 1,
    });
    return begun;
  }

  #isTaken(): boolean {
    const { seen } = this.#lease;
    const { holderIdentity = '', leaseDurationSeconds = this.#leaseDurationSeconds } = seen?.lease.spec ?? {};
    if (seen === undefined || holderIdentity === '' || holderIdentity === this.#identity) return false;
    return this.#timing.clock.elapsed() < seen.at + leaseDurationSeconds * 1000;
  }

  #lead(begun: number): Leadership {
    const term = new Term(this.#lease, this.#identity, begun, this.#timing, this.#logger);
    const { name } = this.#lease;
    this.#logger.info({ lease: name, identity: this.#identity, term: term.term }, 'started leading');
    return term;
  }
}

class Term implements Leadership {
  readonly term: number;
  readonly #lease: StoredLease;
  readonly #identity: string;
  readonly #timing: Timing;
  readonly #logger: Logger;
  readonly #ended = new AbortController();
  readonly #keeping: Promise<void>;
  #renewedAt: number;
  #callOff: (() => void) | undefined;

  constructor(lease: StoredLease, identity: string, begun: number, timing: Timing, logger: Logger) {
    this.#lease = lease;
    this.#identity = identity;
    this.#timing = timing;
    this.#logger = logger;
    this.#renewedAt = begun;
    this.term = lease.seen?.lease.spec?.leaseTransitions ?? 0;
    this.#armDeadline();
    this.#keeping = this.#keep();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  isHeld(): boolean {
    const { clock, renewDeadlineMs } = this.#timing;
    return !this.signal.aborted && clock.elapsed() < this.#renewedAt + renewDeadlineMs;
  }

  async release(): Promise<void> {
    const wasHeld = this.isHeld();
    this.#end('released');
    await this.#keeping;
    const lease = this.#lease.seen?.lease;
    if (!wasHeld || lease === undefined) return;
    const now = microTime(this.#timing.clock.now());
    const free = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
    try {
      await this.#lease.write(lease, { ...lease.spec, ...free });
    } catch (error) {
      this.#logger.warn({ err: error }, 'the lease could not be released; others wait for its end');
    }
  }

  async #keep(): Promise<void> {
    const { clock, retryPeriodMs } = this.#timing;
    while (!this.signal.aborted) {
      await sleep(clock, retryPeriodMs, this.signal);
      if (!this.signal.aborted) await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const { clock } = this.#timing;
    const lease = this.#lease.seen?.lease;
    if (lease === undefined) return;
    const at = clock.elapsed();
    try {
      await this.#lease.write(lease, { ...lease.spec, renewTime: microTime(clock.now()) }, this.signal);
      this.#renewedAt = at;
      this.#armDeadline();
    } catch (error) {
      if (this.signal.aborted) return;
      if (isConflict(error) || isNotFound(error)) return this.#lookAgain();
      this.#logger.warn({ err: error, lease: this.#lease.name }, 'the lease could not be renewed');
    }
  }

  /** Somebody wrote the Lease: took it, or only labelled it. */
  async #lookAgain(): Promise<void> {
    try {
      const lease = await this.#lease.read(this.signal);
      if (lease === undefined) return this.#end('the lease is gone');
      const holder = lease.spec?.holderIdentity;
      if (holder !== this.#identity) return this.#end(`held by ${holder || 'nobody'}`);
      this.#lease.see(lease);
    } catch (error) {
      if (!this.signal.aborted) this.#logger.warn({ err: error }, 'the lease could not be read');
    }
  }

  #armDeadline(): void {
    const { clock, renewDeadlineMs } = this.#timing;
    this.#callOff?.();
    const leftMs = Math.max(0, this.#renewedAt + renewDeadlineMs - clock.elapsed());
    this.#callOff = clock.after(leftMs, () => this.#end(`not renewed for ${renewDeadlineMs} ms`));
  }

  #end(why: string): void {
    if (this.signal.aborted) return;
    this.#callOff?.();
    this.#ended.abort(new Error(`no longer the leader: ${why}`));
    this.#logger.info({ lease: this.#lease.name, identity: this.#identity, why }, 'stopped leading');
  }
}

/** The Lease in the API server, and as it was last seen. */
class StoredLease {
  readonly #client: LeaseOptions['client'];
  readonly #target: { readonly namespace: string; readonly name: string };
  readonly #clock: Clock;
  readonly #call: { readonly timeoutMs: number };
  #seen: { readonly lease: Lease; readonly at: number } | undefined;

  constructor({ client, namespace, name }: LeaseOptions, { clock, renewDeadlineMs }: Timing) {
    this.#client = client;
    this.#target = { namespace, name };
    this.#clock = clock;
    // A call that hangs must leave time for another one before the deadline.
    this.#call = { timeoutMs: renewDeadlineMs / 2 };
  }

  /** `namespace/name`, for the log. */
  get name(): string {
    return `${this.#target.namespace}/${this.#target.name}`;
  }

  /** As it was last seen, and when it was first seen so, by our own clock. */
  get seen(): { readonly lease: Lease; readonly at: number } | undefined {
    return this.#seen;
  }

  see(lease: Lease): void {
    const isSame = this.#seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    this.#seen = { lease, at: isSame && this.#seen !== undefined ? this.#seen.at : this.#clock.elapsed() };
  }

  /** As it is now; nothing of it counts as seen yet. */
  read(signal?: AbortSignal): Promise<Lease | undefined> {
    return this.#client.get<Lease>(this.#path, { ...this.#call, signal });
  }

  /** Creates it, or changes this version of it, and sees what came of it. */
  async write(lease: Lease | undefined, spec: LeaseSpec, signal?: AbortSignal): Promise<void> {
    const call = { ...this.#call, signal };
    const { apiVersion, kind } = leaseKind;
    const written =
      lease === undefined
        ? this.#client.create<Lease>(
            collectionPath(apiVersion, kind, this.#target.namespace),
            { apiVersion, kind, metadata: this.#target, spec },
            call,
          )
        : this.#client.update<Lease>(this.#path, { ...lease, spec }, call);
    this.see(await written);
  }

  get #path(): string {
    return objectPath({ ...leaseKind, ...this.#target });
  }
}
