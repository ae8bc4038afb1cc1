import { warnOnly, type Decision } from '../src/core/policies/policy.ts';
import type { Deadline } from './deadline.ts';
import type { RouteContext } from './route.ts';

/** A decision, and whether it allows what would else be denied. */
interface Enforced {
  readonly decision: Decision;
  readonly softened: boolean;
}

/** Turns denials into warnings where they are to warn only. Who may do what is no warning anywhere. */
export async function enforce(
  decision: Decision,
  namespace: string | undefined,
  context: RouteContext,
  deadline: Deadline,
): Promise<Enforced> {
  if (decision.allowed || !(await warnsOnly(namespace, context, deadline)))
    return { decision, softened: false };
  const softer = warnOnly(decision);
  return { decision: softer, softened: softer.allowed };
}

/**
 * By `--enforce=warn`, or by the label `rollguard.io/enforce: warn` on the namespace. A label
 * that cannot be read does not soften.
 */
async function warnsOnly(
  namespace: string | undefined,
  { facts, enforce: mode }: RouteContext,
  deadline: Deadline,
): Promise<boolean> {
  if (mode === 'warn') return true;
  if (namespace === undefined) return false;
  const labelled = await facts.warnsOnly(namespace, deadline.signal);
  return labelled.kind === 'known' && labelled.value;
}
