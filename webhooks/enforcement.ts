import type { AdmissionResponse } from '../src/api/admission-review.ts';
import { warnOnly, type Decision } from '../src/core/policies/policy.ts';
import { answerDecision, auditOf } from './admission-review.ts';
import type { Deadline } from './deadline.ts';
import type { RouteContext } from './route.ts';

/**
 * Answers a decision; where denials are to warn only, as warnings. The audit annotations
 * then still say what would have been denied, so that a first look leaves a trace.
 */
export async function answerEnforced(
  uid: string,
  decision: Decision,
  namespace: string | undefined,
  context: RouteContext,
  deadline: Deadline,
): Promise<AdmissionResponse> {
  if (decision.allowed || !(await warnsOnly(namespace, context, deadline)))
    return answerDecision(uid, decision);
  return { ...answerDecision(uid, warnOnly(decision)), auditAnnotations: auditOf('warn', decision) };
}

/**
 * By `--enforce=warn`, or by the label `rollguard.io/enforce: warn` on the namespace. A label
 * that cannot be read does not soften.
 */
async function warnsOnly(
  namespace: string | undefined,
  { facts, enforce }: RouteContext,
  deadline: Deadline,
): Promise<boolean> {
  if (enforce === 'warn') return true;
  if (namespace === undefined) return false;
  const labelled = await facts.warnsOnly(namespace, deadline.signal);
  return labelled.kind === 'known' && labelled.value;
}
