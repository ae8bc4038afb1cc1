import { unknown, type Known } from '../src/core/known.ts';
import type { AdmissionFacts } from '../src/io/admission-facts.ts';

/** Webhook time-outs in the API are 1 to 30 s, 10 s where none is said (admissionregistration.k8s.io/v1). */
const defaultSeconds = 10;
const mostSeconds = 30;
/** Our own answer, with its reason, leaves this long before the API server would give up. */
const marginMs = 300;
/** Characters: no time-out of the API server is longer, and a pattern takes its time on endless digits. */
const longestDuration = 20;

/**
 * Milliseconds that reading facts may take, from the `timeout` that the API server sends
 * along (`?timeout=5s`, a Go duration).
 */
export function patienceMs(timeout: string | null): number {
  const seconds = Math.min(parseSeconds(timeout ?? '') ?? defaultSeconds, mostSeconds);
  return Math.max(seconds * 1000 - marginMs, 100);
}

function parseSeconds(timeout: string): number | undefined {
  if (timeout.length > longestDuration) return undefined;
  const parts = [...timeout.matchAll(/(\d+(?:\.\d+)?)(ms|s|m)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== timeout) return undefined;
  const units = { ms: 0.001, s: 1, m: 60 };
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit as keyof typeof units], 0);
}

/**
 * The same facts with an end to waiting: each is unknown when its signal ends before it
 * came, also where what reads it overlooks the signal.
 */
export function endingInTime(facts: AdmissionFacts): AdmissionFacts {
  return {
    volumes: (cluster, signal) => orUnknown(facts.volumes(cluster, signal), signal),
    pods: (cluster, signal) => orUnknown(facts.pods(cluster, signal), signal),
    holdsVerb: (user, verb, cluster, signal) =>
      orUnknown(facts.holdsVerb(user, verb, cluster, signal), signal),
    inMaintenance: (cluster, signal) => orUnknown(facts.inMaintenance(cluster, signal), signal),
    warnsOnly: (namespace, signal) => orUnknown(facts.warnsOnly(namespace, signal), signal),
  };
}

function orUnknown<T>(fact: Promise<Known<T>>, signal: AbortSignal): Promise<Known<T>> {
  const late = new Promise<Known<T>>((resolve) => {
    const giveUp = () => resolve(unknown('it did not come within the time-out of the webhook'));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  return Promise.race([fact, late]);
}
