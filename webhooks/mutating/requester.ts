import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import { answerMutation } from '../admission-review.ts';
import { assertScope, required, type Route, type Scope } from '../route.ts';

/** CREATE and UPDATE of a kind: who asked, beside what they asked for. */
export const requesterRoute = <Resource extends KubernetesObject>(
  { group, resource }: Pick<Scope, 'group' | 'resource'>,
  parse: (input: unknown) => Resource,
  requestedBy: (object: Resource, oldObject: Resource | undefined, username: string) => Resource,
): Route => ({
  path: `/mutate/${resource}`,
  kind: 'mutating',
  async answer(request) {
    assertScope(request, { group, resource, operations: ['CREATE', 'UPDATE'] });
    const object = required('object', request, parse);
    const oldObject = request.operation === 'UPDATE' ? required('oldObject', request, parse) : undefined;
    const { username = '' } = request.userInfo;
    return answerMutation(request.uid, object, requestedBy(object, oldObject, username));
  },
});
