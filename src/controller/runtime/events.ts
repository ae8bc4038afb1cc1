import type { KubernetesObject } from '../../api/kubernetes.ts';
import { isNotFound, type KubernetesClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { collectionPath } from '../../io/kubernetes/resources.ts';
import { systemClock, type Clock } from './clock.ts';
import { microTime } from './micro-time.ts';

/** What happened, for people: `kubectl describe` shows it. */
export interface ReportedEvent {
  readonly type: 'Normal' | 'Warning';
  /** Machine-readable, such as UpgradeStarted; at most 128 characters. */
  readonly reason: string;
  /** What was done, such as StepDown; at most 128 characters. */
  readonly action: string;
  /** Cut off after 1024 bytes, as the API server demands. */
  readonly note: string;
}

interface EventRecorderOptions {
  readonly client: Pick<KubernetesClient, 'create' | 'request'>;
  readonly logger: Logger;
  /** Which process reports: the name of its pod. At most 128 characters. */
  readonly reportingInstance: string;
  readonly clock?: Clock | undefined;
  /** Makes a part of a name that no other event of the object has. */
  readonly uniquePart?: (() => string) | undefined;
}

/** Writes Events (events.k8s.io/v1). */
export interface EventRecorder {
  /**
   * Reports, without waiting: an Event that cannot be written is logged and forgotten. The same one again within
   * five minutes counts up the one that is there.
   */
  readonly record: (regarding: KubernetesObject, event: ReportedEvent) => void;
  /** Resolves when all that was recorded is written, or could not be. */
  readonly flush: () => Promise<void>;
}

export const reportingController = 'rollguard.io/controller';

const sameWithinMs = 5 * 60_000;
/** Remembered, and waiting to be written: no storm may fill the memory. */
const mostRemembered = 1_000;
const noteBytes = 1024;
const callTimeoutMs = 5_000;

/** An Event that was written, and how often it happened. */
interface Reported {
  readonly path: string;
  /** undefined until it is written. */
  name?: string | undefined;
  count: number;
  writtenCount: number;
  lastAt: number;
}

export function eventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, logger, reportingInstance, clock = systemClock } = options;
  const { uniquePart = () => Math.floor(Math.random() * 2 ** 48).toString(16) } = options;
  /** By what makes two events the same; the one that was reported last stands last. */
  const reported = new Map<string, Reported>();
  /** One write at a time: they are no hurry, and then a storm of events is none of calls. */
  let writing = Promise.resolve();
  let waiting = 0;

  const forgetOld = (now: number) => {
    for (const [same, { lastAt }] of reported) {
      if (now - lastAt <= sameWithinMs && reported.size <= mostRemembered) return;
      reported.delete(same);
    }
  };

  const create = async (entry: Reported, regarding: KubernetesObject, event: ReportedEvent) => {
    const { name = '', namespace, uid, resourceVersion } = regarding.metadata ?? {};
    const { apiVersion, kind } = regarding;
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${name.slice(0, 230)}.${uniquePart()}`, namespace: namespace ?? 'default' },
      eventTime: microTime(entry.lastAt),
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
      type: event.type,
      reason: event.reason.slice(0, 128),
      action: event.action.slice(0, 128),
      note: cut(event.note, noteBytes),
      regarding: { apiVersion, kind, name, namespace, uid, resourceVersion },
    };
    entry.writtenCount = entry.count;
    await client.create(entry.path, body, { timeoutMs: callTimeoutMs });
    entry.name = body.metadata.name;
  };

  const countUp = async (entry: Reported, name: string) => {
    entry.writtenCount = entry.count;
    const series = { count: entry.count, lastObservedTime: microTime(entry.lastAt) };
    await client.request({
      method: 'PATCH',
      path: `${entry.path}/${name}`,
      body: { series },
      timeoutMs: callTimeoutMs,
    });
  };

  const write = async (entry: Reported, regarding: KubernetesObject, event: ReportedEvent) => {
    if (entry.count === entry.writtenCount) return; // Written together with an earlier one.
    try {
      if (entry.name === undefined) return await create(entry, regarding, event);
      await countUp(entry, entry.name);
    } catch (error) {
      if (entry.name !== undefined && isNotFound(error)) entry.name = undefined; // Events live for an hour.
      const { reason, note } = event;
      logger.warn({ err: error, reason, note }, 'an Event could not be written');
    }
  };

  return {
    record(regarding, event) {
      const now = clock.now();
      forgetOld(now);
      if (waiting >= mostRemembered) return;
      const { uid, namespace, name } = regarding.metadata ?? {};
      const { type, reason, action, note } = event;
      const same = JSON.stringify([uid, namespace, name, type, reason, action, note]);
      const path = collectionPath('events.k8s.io/v1', 'Event', namespace ?? 'default');
      const entry = reported.get(same) ?? { path, count: 0, writtenCount: 0, lastAt: now };
      entry.count += 1;
      entry.lastAt = now;
      reported.delete(same);
      reported.set(same, entry);
      waiting += 1;
      writing = writing.then(() => write(entry, regarding, event)).finally(() => (waiting -= 1));
    },
    flush: () => writing,
  };
}

/** As much of the text as fits into these bytes of UTF-8, no character cut in two. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const head = Buffer.from(text).subarray(0, bytes - 3);
  return `${new TextDecoder().decode(head, { stream: true })}…`;
}
