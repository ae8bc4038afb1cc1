import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { names } from '../../core/model/names.ts';
import type { KubernetesClient } from './kubernetes.ts';
import { objectPath } from './resources.ts';

type Reads = Pick<KubernetesClient, 'get'>;

/** The CA by which the members of a cluster are trusted, PEM. @throws Error that fits behind a colon */
export async function readCa(client: Reads, { metadata }: OpenBaoCluster): Promise<string> {
  const { namespace = '', name = '' } = metadata;
  const target = { apiVersion: 'v1', kind: 'Secret', namespace, name: names(name).ca };
  const secret = await client.get<{ data?: Readonly<Record<string, string>> }>(objectPath(target));
  const ca = secret?.data?.['ca.crt'];
  if (ca === undefined) throw new Error(`the Secret ${target.name} has no ca.crt`);
  return Buffer.from(ca, 'base64').toString('utf8');
}
