import { data, errors, noContent, type Response } from './http.ts';
import { operationOf } from './policy.ts';
import type { Context } from './context.ts';
import { commit } from './replication.ts';
import { keysBelow, read } from './storage.ts';

const leaseSeconds = 2_764_800;

/** `POST sys/mounts/PATH`: the first version of the key-value engine, nothing else. */
export function mountEngine({ world, cluster, path, body }: Context): Response {
  const mount = path.slice('sys/mounts/'.length).replace(/\/$/, '');
  const { type, options } = body as { type?: string; options?: { version?: string | number } };
  if (type !== 'kv' || String(options?.version ?? 1) !== '1') {
    return errors(
      400,
      `plugin not found in the catalog: ${type ?? ''} (the model mounts kv of version 1 only)`,
    );
  }
  if (read(cluster, `mount/${mount}`) !== undefined)
    return errors(400, `path is already in use at ${mount}/`);
  commit(world, cluster, { [`mount/${mount}`]: { type } });
  return noContent;
}

/** Serves what lies below a mounted path. */
export function keyValue(context: Context): Response {
  const { world, cluster, index, path, body, request } = context;
  const mounts = keysBelow(cluster, 'mount/', index).map((key) => key.slice('mount/'.length));
  if (!mounts.some((mount) => path === mount || path.startsWith(`${mount}/`))) {
    return errors(404, `no handler for route "${path}". route entry not found.`);
  }
  const key = `kv/${path}`;
  const operation = operationOf(request);
  if (operation === 'list') return list(cluster, key, index);
  if (operation === 'read') {
    const value = read(cluster, key, index);
    return value === undefined ? errors(404) : data(value, { lease_duration: leaseSeconds });
  }
  if (operation === 'update' && Object.keys(body).length === 0) return errors(400, 'missing data fields');
  commit(world, cluster, { [key]: operation === 'delete' ? undefined : body });
  return noContent;
}

function list(cluster: Context['cluster'], key: string, index: number): Response {
  const folder = key.endsWith('/') ? key : `${key}/`;
  const names = keysBelow(cluster, folder, index).map(
    (each) => /^[^/]+\/?/.exec(each.slice(folder.length))?.[0] ?? '',
  );
  return names.length === 0 ? errors(404) : data({ keys: [...new Set(names)] });
}
