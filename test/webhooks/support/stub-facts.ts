import { known } from '../../../src/core/model/known.ts';
import type { AdmissionFacts } from '../../../src/io/kubernetes/admission-facts.ts';

/**
 * Stands in for the reads from a cluster: one without volumes and pods, not in maintenance,
 * whose callers hold no verb, in a namespace that does not soften denials.
 */
export function stubFacts(overrides: Partial<AdmissionFacts> = {}): AdmissionFacts {
  return {
    volumes: async () => known([]),
    pod: async () => known(undefined),
    pods: async () => known([]),
    holdsVerb: async () => known(false),
    mayActAs: async () => known(false),
    inMaintenance: async () => known(false),
    warnsOnly: async () => known(false),
    ...overrides,
  };
}
