import { warnOnly, type Decision } from '../src/core/policies/policy.ts';
import type { Deadline } from './deadline.ts';
import type { RouteContext } from './route.ts';

/**
 * What becomes of a decision where denials are to warn only: by `--enforce=warn`, or by the
 * label `rollguard.io/enforce: warn` on the namespace. A label that cannot be read does not soften.
 */
export async function enforced(
  decision: Decision,
  namespace: string | undefined,
  { facts, enforce }: RouteContext,
  deadline: Deadline,
): Promise<Decision> {
  if (decision.allowed) return decision;
  if (enforce === 'warn') return warnOnly(decision);
  if (namespace === undefined) return decision;
  const labelled = await facts.warnsOnly(namespace, deadline.signal);
  return labelled.kind === 'known' && labelled.value ? warnOnly(decision) : decision;
}
