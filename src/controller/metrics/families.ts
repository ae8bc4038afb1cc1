import { Gauge, type Registry } from 'prom-client';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import { parseTimestamp } from '../../core/model/time.ts';
import { keyOf, namesOf } from '../runtime/cache.ts';

/** One value, with its labels beside `namespace` and `name`. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric, and how it follows from an object: nothing is kept, so nothing is left of an object that goes. */
export interface Family<Resource extends KubernetesObject> {
  readonly name: string;
  readonly help: string;
  /** Beside `namespace` and `name`. */
  readonly labels: readonly string[];
  /** @param now milliseconds since the epoch */
  readonly samples: (resource: Resource, now: number) => readonly Sample[];
}

/** A metric with one value an object, or none where it is not known. */
export const single = <Resource extends KubernetesObject>(
  name: string,
  help: string,
  valueOf: (resource: Resource, now: number) => number | boolean | undefined,
): Family<Resource> => ({
  name,
  help,
  labels: [],
  samples(resource, now) {
    const value = valueOf(resource, now);
    return value === undefined ? [] : [{ labels: {}, value: Number(value) }];
  },
});

interface WithConditions extends KubernetesObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
    }[];
  };
}

/** The conditions of an object, each by its type. */
export const conditionsFamily = (name: string): Family<WithConditions> => ({
  name,
  help: 'Always 1; status.conditions by type and status (true, false, unknown)',
  labels: ['type', 'status', 'reason'],
  samples: ({ status }) =>
    (status?.conditions ?? []).map(({ type, status: is, reason }) => ({
      labels: { type, status: is.toLowerCase(), reason },
      value: 1,
    })),
});

/** A gauge of objects whose values are all made anew at each scrape. */
export function freshGauge(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly string[],
  read: (one: Gauge) => void,
): void {
  const one: Gauge = new Gauge({
    name,
    help,
    labelNames: ['namespace', 'name', ...labels],
    registers: [registry],
    collect() {
      one.reset();
      read(one);
    },
  });
}

/** All families of a kind, read from what is there at each scrape. */
export function showFamilies<Resource extends KubernetesObject>(
  registry: Registry,
  families: readonly Family<Resource>[],
  present: () => readonly Resource[],
  now: () => number,
): void {
  for (const { name, help, labels, samples } of families) {
    freshGauge(registry, name, help, labels, (one) => {
      for (const resource of present()) {
        const of = namesOf(keyOf(resource));
        for (const sample of samples(resource, now())) one.set({ ...of, ...sample.labels }, sample.value);
      }
    });
  }
}

/** A set of states of which one holds: each has its series, as 1 or 0. */
export const oneOf = (phases: readonly string[], present: string | undefined): readonly Sample[] =>
  phases.map((phase) => ({ labels: { phase }, value: phase === present ? 1 : 0 }));

/** Seconds since a time of the status; undefined when it is not there. */
export function secondsSince(timestamp: string | undefined, now: number): number | undefined {
  const time = parseTimestamp(timestamp);
  return time === undefined ? undefined : Math.max(0, (now - time) / 1000);
}
