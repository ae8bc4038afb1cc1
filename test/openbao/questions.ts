import { expect } from 'chai';
import { until, type LocalCluster, type Reply } from './local-cluster.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A member of `sys/storage/raft/configuration`. */
export interface Server {
  readonly node_id: string;
  readonly address: string;
  readonly leader: boolean;
  readonly voter: boolean;
}

export const dataOf = ({ body }: Reply): Fields => (body['data'] ?? {}) as Fields;

export async function servers(cluster: LocalCluster, token: string): Promise<readonly Server[]> {
  const reply = await cluster.ask(await cluster.active(), 'sys/storage/raft/configuration', { token });
  expect(reply.status).to.equal(200);
  return (dataOf(reply)['config'] as { readonly servers: readonly Server[] }).servers;
}

export const votersIn = (found: readonly Server[]) =>
  found.filter(({ voter }) => voter).map(({ node_id }) => node_id);

/** Waits until these are the voters. */
export async function awaitVoters(
  cluster: LocalCluster,
  token: string,
  wanted: readonly string[],
): Promise<void> {
  await until(`voters ${wanted.join(' ')}`, async () => {
    const found = votersIn(await servers(cluster, token)).toSorted();
    return found.join(' ') === wanted.join(' ') ? true : undefined;
  });
}

/** Waits until autopilot says this of a server. */
export function awaitServer(
  cluster: LocalCluster,
  token: string,
  id: string,
  wanted: Fields,
): Promise<{ readonly server: Fields; readonly state: Fields }> {
  return until(`${id} to be ${JSON.stringify(wanted)}`, async () => {
    const state = dataOf(await cluster.ask(0, 'sys/storage/raft/autopilot/state', { token }));
    const server = (state['servers'] as Record<string, Fields> | undefined)?.[id] ?? {};
    const isSo = Object.entries(wanted).every(([field, value]) => server[field] === value);
    return isSo ? { server, state } : undefined;
  });
}

export const index = async (cluster: LocalCluster, ordinal: number): Promise<number | undefined> =>
  (await cluster.ask(ordinal, 'sys/leader')).body['raft_applied_index'] as number | undefined;

/** The nodes of three that are not active. */
export async function standbys(cluster: LocalCluster): Promise<readonly number[]> {
  const active = await cluster.active();
  return [0, 1, 2].filter((ordinal) => ordinal !== active);
}
