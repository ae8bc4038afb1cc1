import { parseMetadataServices } from '../../src/api/metadataservices.ts';
import { decideReleaseRequest } from '../../src/core/policies/index.ts';
import { allow } from '../../src/core/policies/policy.ts';
import { asksForRollback } from '../../src/core/policies/release-request.ts';
import { answerDecision } from '../admission-review.ts';
import { answerEnforced } from '../enforcement.ts';
import { assertScope, isTerminating, required, type Route } from '../route.ts';

/** MetadataServices CREATE and UPDATE: requests to roll back. */
export const validateMetadataServices: Route = {
  path: '/validate/metadataservices',
  kind: 'validating',
  async answer(request, context, deadline) {
    assertScope(request, {
      group: 'e6data.io',
      resource: 'metadataservices',
      operations: ['CREATE', 'UPDATE'],
    });
    // Before its shape is read, as of a cluster.
    if (isTerminating(request.object)) return answerDecision(request.uid, allow);
    const object = required('object', request, parseMetadataServices);
    const oldObject =
      request.operation === 'UPDATE' ? required('oldObject', request, parseMetadataServices) : undefined;
    const change = { object, ...(oldObject === undefined ? {} : { oldObject }) };
    const { namespace = '', name = object.metadata.name ?? '', userInfo } = request;
    const target = { resource: 'metadataservices', namespace, name } as const;
    const permission = asksForRollback(change)
      ? await context.facts.holdsVerb(userInfo, 'rollback', target, deadline.signal)
      : ({ kind: 'not-judged' } as const);
    const decision = decideReleaseRequest({
      operation: request.operation === 'CREATE' ? 'CREATE' : 'UPDATE',
      ...change,
      permission,
    });
    return answerEnforced(request.uid, decision, request.namespace, context, deadline);
  },
};
