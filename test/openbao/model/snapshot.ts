import { noContent, wrapped, type Response } from './http.ts';
import type { Context } from './context.ts';
import { lead } from './election.ts';
import { commit } from './replication.ts';
import { nodeOf } from './state.ts';
import { keys, read, serversOf } from './storage.ts';
import { packSnapshot, unpackSnapshot } from './snapshot-archive.ts';
import { atLeast } from './versions.ts';

/** What stays as it is when a snapshot is restored. */
const kept: readonly string[] = [keys.servers];

/** The serving node's copy of everything but the membership, which the archive only tells of. */
export function takeSnapshot({ world, cluster, node, index }: Context): Response {
  // A standby that was started since the last write (docs/facts/openbao-2.6-measured.md, section 3).
  if (cluster.active !== node.id && index <= (node.process?.startIndex ?? -1)) {
    const raft = atLeast(node, '2.6.0') ? 'raft' : 'Raft';
    return wrapped(500, `${raft} error when taking snapshot: nothing new to snapshot`);
  }
  const state = Object.fromEntries(
    Object.keys(cluster.storage)
      .filter((key) => !kept.includes(key))
      .flatMap((key) => {
        const value = read(cluster, key, index);
        return value === undefined ? [] : [[key, value]];
      }),
  );
  const body = packSnapshot({
    index,
    term: cluster.term,
    servers: serversOf(cluster, index),
    state,
    now: world.now,
  });
  return {
    status: 200,
    headers: { 'Content-Type': 'application/gzip', 'Content-Disposition': 'attachment' },
    body,
  };
}

/** 204 at once; then nobody is active for a while, and the same node leads again with the old data. */
export function restoreSnapshot({ world, cluster, request }: Context): Response {
  const state = request.body instanceof Uint8Array ? unpackSnapshot(request.body) : undefined;
  if (state === undefined) return wrapped(500, 'failed to decompress snapshot: unexpected EOF');
  const gone = Object.keys(cluster.storage).filter((key) => !kept.includes(key) && !(key in state));
  commit(world, cluster, { ...Object.fromEntries(gone.map((key) => [key, undefined])), ...state });
  if (cluster.leader !== undefined) {
    const { term, leadershipChanges } = cluster;
    lead(world, cluster, nodeOf(world, cluster.leader), world.now + world.timing.restore);
    Object.assign(cluster, { term, leadershipChanges, named: undefined });
  }
  return noContent;
}
