import { unknown, type Known } from '../src/core/model/known.ts';
import type { AdmissionFacts } from '../src/io/kubernetes/admission-facts.ts';

/** Webhook time-outs in the API are 1 to 30 s, 10 s where none is said (admissionregistration.k8s.io/v1). */
const defaultSeconds = 10;
const mostSeconds = 30;
/** Our own answer, with its reason, leaves this long before the API server would give up. */
const marginMs = 300;

/**
 * Milliseconds that reading facts may take.
 *
 * @param url of the request: the API server says its time-out there in whole seconds, as `?timeout=5s`
 */
export function patienceMs(url: string): number {
  const said = /[?&]timeout=(\d{1,9})s(?:&|$)/.exec(url)?.[1];
  const seconds = Math.min(said === undefined ? defaultSeconds : Number(said), mostSeconds);
  return Math.max(seconds * 1000 - marginMs, 100);
}

/**
 * The time that the facts for one request may take. Most requests need no facts, so the clock
 * is set when the first one asks for the signal, to what is left by then.
 */
export class Deadline {
  readonly #endsAt: number;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param ms from now */
  constructor(ms: number) {
    this.#endsAt = performance.now() + ms;
  }

  /** Milliseconds that are left. */
  get remainingMs(): number {
    return Math.max(this.#endsAt - performance.now(), 0);
  }

  /** Ends when the time is over. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#timer = setTimeout(() => controller.abort(), this.remainingMs);
    }
    return this.#controller.signal;
  }

  /** Stops the clock: unlike those of AbortSignal.timeout(), timers do not outlive their requests and add up. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * The same facts with an end to waiting: each is unknown when its signal ends before it
 * came, also where what reads it overlooks the signal.
 */
export function endingInTime(facts: AdmissionFacts): AdmissionFacts {
  return {
    volumes: (cluster, signal) => orUnknown(facts.volumes(cluster, signal), signal),
    pod: (pod, signal) => orUnknown(facts.pod(pod, signal), signal),
    pods: (cluster, signal) => orUnknown(facts.pods(cluster, signal), signal),
    holdsVerb: (user, verb, target, signal) => orUnknown(facts.holdsVerb(user, verb, target, signal), signal),
    mayActAs: (user, account, signal) => orUnknown(facts.mayActAs(user, account, signal), signal),
    inMaintenance: (cluster, signal) => orUnknown(facts.inMaintenance(cluster, signal), signal),
    warnsOnly: (namespace, signal) => orUnknown(facts.warnsOnly(namespace, signal), signal),
  };
}

function orUnknown<Fact>(fact: Promise<Fact>, signal: AbortSignal): Promise<Fact | Known<never>> {
  const late = new Promise<Known<never>>((resolve) => {
    const giveUp = () => resolve(unknown('it did not come within the time-out of the webhook'));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  return Promise.race([fact, late]);
}
