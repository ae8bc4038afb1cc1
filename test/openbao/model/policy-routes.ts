import { data, errors, noContent, type Response } from './http.ts';
import { operationOf } from './policy.ts';
import type { Context } from './context.ts';
import { commit } from './replication.ts';
import { keysBelow, read } from './storage.ts';

const root = 'sys/policies/acl/';

/** `sys/policies/acl/NAME`. */
export function aclPolicy({ world, cluster, index, path, request, body }: Context): Response {
  const name = path.slice(root.length);
  const key = `policy/${name}`;
  const operation = operationOf(request);
  if (operation === 'list') {
    const names = keysBelow(cluster, 'policy/', index).map((each) => each.slice('policy/'.length));
    return data({ keys: [...names, 'default', 'root'].toSorted() });
  }
  if (operation === 'read') {
    const policy = read(cluster, key, index);
    return policy === undefined ? errors(404) : data({ name, policy });
  }
  const policy = typeof body['policy'] === 'string' ? body['policy'] : '';
  commit(world, cluster, { [key]: operation === 'delete' ? undefined : policy });
  return noContent;
}
