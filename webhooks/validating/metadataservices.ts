import { parseMetadataServices } from '../../src/api/metadataservices.ts';
import { defined } from '../../src/api/object-fields.ts';
import { evaluateReleaseChange } from '../../src/core/policies/index.ts';
import { allow } from '../../src/core/policies/policy.ts';
import {
  asksForRollback,
  changesServiceAccount,
  serviceAccount,
} from '../../src/core/policies/release-request.ts';
import { isTerminating, required, type ValidatingRoute } from '../route.ts';

/** MetadataServices CREATE and UPDATE: requests to roll back, and whom pods run as. */
export const validateMetadataServices: ValidatingRoute = {
  path: '/validate/metadataservices',
  kind: 'validating',
  scope: { group: 'e6data.io', resource: 'metadataservices', operations: ['CREATE', 'UPDATE'] },
  async decide(request, { facts }, deadline) {
    // Before its shape is read, as of a cluster.
    if (isTerminating(request.object)) return allow;
    const object = required('object', request, parseMetadataServices);
    const oldObject =
      request.operation === 'UPDATE' ? required('oldObject', request, parseMetadataServices) : undefined;
    const change = { object, ...defined({ oldObject }) };
    const { namespace = '', name = object.metadata.name ?? '', userInfo } = request;
    const target = { resource: 'metadataservices', namespace, name } as const;
    const permission = asksForRollback(change)
      ? await facts.holdsVerb(userInfo, 'rollback', target, deadline.signal)
      : ({ kind: 'not-judged' } as const);
    const mayActAs = changesServiceAccount(change)
      ? await facts.mayActAs(userInfo, { namespace, name: serviceAccount(object) }, deadline.signal)
      : ({ kind: 'not-judged' } as const);
    return evaluateReleaseChange({
      operation: request.operation === 'CREATE' ? 'CREATE' : 'UPDATE',
      ...change,
      permission,
      mayActAs,
    });
  },
};
