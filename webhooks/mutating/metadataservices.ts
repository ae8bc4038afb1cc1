import { parseMetadataServices } from '../../src/api/metadataservices.ts';
import { rollbackRequestedBy } from '../../src/core/mutations/requested-by.ts';
import { answerMutation } from '../admission-review.ts';
import { assertScope, required, type Route } from '../route.ts';

/** MetadataServices CREATE and UPDATE: who asked for a rollback, beside the request. */
export const mutateMetadataServices: Route = {
  path: '/mutate/metadataservices',
  kind: 'mutating',
  async answer(request) {
    assertScope(request, {
      group: 'e6data.io',
      resource: 'metadataservices',
      operations: ['CREATE', 'UPDATE'],
    });
    const object = required('object', request, parseMetadataServices);
    const oldObject =
      request.operation === 'UPDATE' ? required('oldObject', request, parseMetadataServices) : undefined;
    return answerMutation(
      request.uid,
      object,
      rollbackRequestedBy(object, oldObject, request.userInfo.username ?? ''),
    );
  },
};
