import { parseOpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { requestedBy } from '../../src/core/mutations/requested-by.ts';
import { answerMutation } from '../admission-review.ts';
import { assertScope, required, type Route } from '../route.ts';

/** OpenBaoCluster CREATE and UPDATE: who asked, beside what they asked for. */
export const mutateOpenBaoClusters: Route = {
  path: '/mutate/openbaoclusters',
  kind: 'mutating',
  async answer(request) {
    assertScope(request, {
      group: 'openbao.org',
      resource: 'openbaoclusters',
      operations: ['CREATE', 'UPDATE'],
    });
    const object = required('object', request, parseOpenBaoCluster);
    const oldObject =
      request.operation === 'UPDATE' ? required('oldObject', request, parseOpenBaoCluster) : undefined;
    return answerMutation(
      request.uid,
      object,
      requestedBy(object, oldObject, request.userInfo.username ?? ''),
    );
  },
};
