import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import { required, type MutatingRoute, type Scope } from '../route.ts';

/** CREATE and UPDATE of a kind: who asked, beside what they asked for. */
export const requesterRoute = <Resource extends KubernetesObject>(
  { group, resource }: Pick<Scope, 'group' | 'resource'>,
  parse: (input: unknown) => Resource,
  requestedBy: (object: Resource, oldObject: Resource | undefined, username: string) => Resource,
): MutatingRoute => ({
  path: `/mutate/${resource}`,
  kind: 'mutating',
  scope: { group, resource, operations: ['CREATE', 'UPDATE'] },
  async mutate(request) {
    const before = required('object', request, parse);
    const oldObject = request.operation === 'UPDATE' ? required('oldObject', request, parse) : undefined;
    const { username = '' } = request.userInfo;
    return { before, after: requestedBy(before, oldObject, username) };
  },
});
