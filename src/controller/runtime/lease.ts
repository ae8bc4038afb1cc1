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
  /** Seconds that others wait for a leader of which they see nothing. Default 15. */
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

/**
 * Leader election by a Lease (coordination.k8s.io/v1), as client-go does it and beside client-go's own: the times in
 * the Lease are for people; who waits for its end counts from when he saw it change, by his own clock.
 *
 * It keeps two leaders from working against each other, but a process that was stopped in mid-call wakes up
 * believing; what keeps that from harm is that every act follows a conditional write (docs/design.md, rule 1).
 *
 * @see https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
 */
export function leaseElector(options: LeaseOptions): LeaseElector {
  const { client, namespace, name, identity, logger, clock = systemClock, random = Math.random } = options;
  const { leaseDurationSeconds = 15, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  const target = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name };
  const path = objectPath(target);
  // A call that hangs must leave time for another one before the deadline.
  const call = { timeoutMs: renewDeadlineMs / 2 };
  /** The Lease as it was last seen, and when it was first seen so. */
  let seen: { readonly lease: Lease; readonly at: number } | undefined;

  const see = (lease: Lease) => {
    const isSame =
      seen !== undefined && seen.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    seen = { lease, at: isSame && seen !== undefined ? seen.at : clock.elapsed() };
  };
  const isTaken = () => {
    const { holderIdentity = '', leaseDurationSeconds: seconds = leaseDurationSeconds } =
      seen?.lease.spec ?? {};
    if (seen === undefined || holderIdentity === '' || holderIdentity === identity) return false;
    return clock.elapsed() < seen.at + seconds * 1000;
  };

  /** Takes the Lease if nobody has it. @returns the moment before it was taken */
  const take = async (): Promise<number | undefined> => {
    const lease = await client.get<Lease>(path, call);
    if (lease !== undefined) see(lease);
    // Also when the Lease is gone: somebody deleted it under a leader, who has not noticed yet.
    if (isTaken()) return undefined;
    const begun = clock.elapsed();
    const now = microTime(clock.now());
    const { holderIdentity, acquireTime, leaseTransitions = 0 } = lease?.spec ?? {};
    const isOurs = holderIdentity === identity;
    const spec: LeaseSpec = {
      ...lease?.spec,
      holderIdentity: identity,
      leaseDurationSeconds,
      acquireTime: isOurs && acquireTime !== undefined ? acquireTime : now,
      renewTime: now,
      leaseTransitions: lease === undefined || isOurs ? leaseTransitions : leaseTransitions + 1,
    };
    const { kind, apiVersion } = target;
    const written =
      lease === undefined
        ? client.create<Lease>(
            collectionPath(apiVersion, kind, namespace),
            { apiVersion, kind, metadata: { namespace, name }, spec },
            call,
          )
        : client.update<Lease>(path, { ...lease, spec }, call);
    see(await written);
    return begun;
  };

  const lead = (begun: number): Leadership => {
    const ended = new AbortController();
    let renewedAt = begun;
    let callOff: (() => void) | undefined;
    const end = (why: string) => {
      if (ended.signal.aborted) return;
      callOff?.();
      ended.abort(new Error(`no longer the leader: ${why}`));
      logger.info({ lease: `${namespace}/${name}`, identity, why }, 'stopped leading');
    };
    const armDeadline = () => {
      callOff?.();
      const leftMs = Math.max(0, renewedAt + renewDeadlineMs - clock.elapsed());
      callOff = clock.after(leftMs, () => end(`not renewed for ${renewDeadlineMs} ms`));
    };
    const renew = async () => {
      const lease = seen?.lease;
      if (lease === undefined) return;
      const at = clock.elapsed();
      try {
        const spec = { ...lease.spec, renewTime: microTime(clock.now()) };
        see(await client.update<Lease>(path, { ...lease, spec }, { ...call, signal: ended.signal }));
        renewedAt = at;
        armDeadline();
      } catch (error) {
        if (ended.signal.aborted) return;
        if (isConflict(error) || isNotFound(error)) return lookAgain();
        logger.warn({ err: error, lease: `${namespace}/${name}` }, 'the lease could not be renewed');
      }
    };
    /** Somebody wrote the Lease: took it, or only labelled it. */
    const lookAgain = async () => {
      try {
        const lease = await client.get<Lease>(path, { ...call, signal: ended.signal });
        if (lease?.spec?.holderIdentity !== identity)
          return end(
            lease === undefined ? 'the lease is gone' : `held by ${lease.spec?.holderIdentity || 'nobody'}`,
          );
        see(lease);
      } catch (error) {
        if (!ended.signal.aborted) logger.warn({ err: error }, 'the lease could not be read');
      }
    };
    const keep = async () => {
      while (!ended.signal.aborted) {
        await sleep(clock, retryPeriodMs, ended.signal);
        if (!ended.signal.aborted) await renew();
      }
    };
    armDeadline();
    const keeping = keep();
    const isHeld = () => !ended.signal.aborted && clock.elapsed() < renewedAt + renewDeadlineMs;
    return {
      term: seen?.lease.spec?.leaseTransitions ?? 0,
      signal: ended.signal,
      isHeld,
      async release() {
        const wasHeld = isHeld();
        end('released');
        await keeping;
        const lease = seen?.lease;
        if (!wasHeld || lease === undefined) return;
        const now = microTime(clock.now());
        const spec = {
          ...lease.spec,
          holderIdentity: '',
          leaseDurationSeconds: 1,
          acquireTime: now,
          renewTime: now,
        };
        try {
          see(await client.update<Lease>(path, { ...lease, spec }, call));
        } catch (error) {
          logger.warn({ err: error }, 'the lease could not be released; others wait for its end');
        }
      },
    };
  };

  return {
    async acquire(signal) {
      while (!signal.aborted) {
        try {
          const begun = await take();
          if (begun !== undefined) {
            const leadership = lead(begun);
            const { term } = leadership;
            logger.info({ lease: `${namespace}/${name}`, identity, term }, 'started leading');
            return leadership;
          }
        } catch (error) {
          if (!isConflict(error)) logger.warn({ err: error }, 'the lease could not be taken');
        }
        await sleep(clock, retryPeriodMs * (0.75 + random() / 4), signal);
      }
      return undefined;
    },
  };
}
