import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutorReport } from '../../src/core/jobs/executor-report.ts';
import { sealKeyId } from '../../src/core/model/names.ts';
import type { ExecutorAction } from '../../src/core/jobs/step.ts';
import { deadlineIn, type ExecutorContext } from '../../src/executor/context.ts';
import { runAction, type ExecutorFlags } from '../../src/executor/run.ts';
import { openBaoSession } from '../../src/io/openbao/session.ts';
import { connectOpenBao, type OpenBaoNode } from '../../src/io/openbao/node.ts';
import type { OpenBaoServers } from './openbao-servers.ts';

export const silent = { info() {}, warn() {}, error() {} };

/** Runs an action against the servers as its Job would. */
export async function run(
  servers: OpenBaoServers,
  action: ExecutorAction,
  flags: Partial<ExecutorFlags> & { readonly serviceAccount?: string } = {},
): Promise<ExecutorReport> {
  const { serviceAccount = 'prod-upgrade-serviceaccount', ...rest } = flags;
  const folder = await mkdtemp(join(tmpdir(), 'rollguard-executor-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${servers.tokenOf(serviceAccount)}\n`);
  try {
    const member = [...servers.urls].map(([pod, url]) => ({ pod, url }));
    return await runAction(
      action,
      {
        cluster: 'prod',
        namespace: 'bao',
        operationId: 'op00000001',
        member,
        role: 'rollguard-upgrade',
        tokenFile,
        spool: folder,
        seal: sealKeyId,
        timeoutSeconds: 30,
        ...rest,
      },
      silent,
      new AbortController().signal,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An action's context, with members of which some things are replaced. */
export async function withContext<T>(
  servers: OpenBaoServers,
  {
    role,
    serviceAccount,
    timeoutSeconds,
    replaced,
  }: {
    readonly role: string;
    readonly serviceAccount: string;
    readonly timeoutSeconds: number;
    readonly replaced: (node: OpenBaoNode) => OpenBaoNode;
  },
  work: (context: ExecutorContext) => Promise<T>,
): Promise<T> {
  const nodes = [...servers.urls].map(([pod, url]) => connectOpenBao({ pod, url }));
  const hosts = new Map([...servers.urls].map(([pod, url]) => [new URL(url).host, pod]));
  const session = openBaoSession(role, () => Promise.resolve(servers.tokenOf(serviceAccount)));
  try {
    return await work({
      cluster: 'prod',
      members: new Map(nodes.map((node) => [node.pod, replaced(node)])),
      podOf: (address) => hosts.get(URL.parse(address)?.host ?? ''),
      role,
      session,
      deadline: deadlineIn(timeoutSeconds * 1000, new AbortController().signal),
      log: silent,
    });
  } finally {
    await session.end();
    await Promise.all(nodes.map((node) => node.close()));
  }
}

/** Who leads, as the members say. */
export async function leaderOf({ urls }: OpenBaoServers): Promise<string> {
  for (const [pod, url] of urls) {
    const node = connectOpenBao({ pod, url });
    const leader = await node.leader({ timeoutMs: 2000 }).catch(() => undefined);
    await node.close();
    if (leader?.is_self === true) return pod;
  }
  throw new Error('nobody leads');
}
