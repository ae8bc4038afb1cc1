import type { AdmissionRequest, AdmissionResponse } from '../src/api/admission-review.ts';
import { answerDecision, answerMutation, auditOf } from './admission-review.ts';
import type { Deadline } from './deadline.ts';
import { enforce } from './enforcement.ts';
import { assertScope, type Route, type RouteContext } from './route.ts';

/**
 * What the API server is answered. Where a denial only warns, the audit annotations still say what
 * would have been denied, so that a first look leaves a trace.
 *
 * @throws BadReview
 */
export async function answer(
  route: Route,
  request: AdmissionRequest,
  context: RouteContext,
  deadline: Deadline,
): Promise<AdmissionResponse> {
  assertScope(request, route.scope);
  if (route.kind === 'mutating') {
    const { before, after } = await route.mutate(request, context, deadline);
    return answerMutation(request.uid, before, after);
  }
  const decided = await route.decide(request, context, deadline);
  const { decision, softened } = await enforce(decided, request.namespace, context, deadline);
  const response = answerDecision(request.uid, decision);
  return softened ? { ...response, auditAnnotations: auditOf('warn', decided) } : response;
}
