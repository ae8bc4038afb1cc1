import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { selfInit } from '../../src/core/workload/self-init.ts';
import { connectOpenBao } from '../../src/io/openbao.ts';
import { cluster as openBaoCluster } from '../support/builders.ts';
import { inputsOf } from '../core/workload/inputs-of.ts';
import { createIssuer, type TestIssuer } from './jwt.ts';

/** A running cluster `bao/prod` on loopback, with the roles that Rollguard's self-initialisation makes. */
export interface OpenBaoServers {
  readonly version: string;
  readonly cluster: OpenBaoCluster;
  readonly issuer: TestIssuer;
  /** By pod name, in order. */
  readonly urls: ReadonlyMap<string, string>;
  /** The token of one of the cluster's ServiceAccounts. */
  tokenOf(serviceAccount: string): string;
  /** SIGKILL; it does not come back. */
  kill(pod: string): Promise<void>;
  stop(): Promise<void>;
}

/** A role that may do everything, for what a test itself does. */
export const testerRole = 'tester';

/** The newest server that OPENBAO_DIR (folders named by version) holds; undefined when there is none. */
export async function findOpenBao(): Promise<{ version: string; program: string } | undefined> {
  const folder = process.env['OPENBAO_DIR'];
  if (folder === undefined || folder === '') return undefined;
  const versions = (await readdir(folder)).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const version = versions.at(-1);
  return version === undefined ? undefined : { version, program: join(folder, version, 'bao') };
}

/** Starts real servers; ready when all are voters. */
export async function startOpenBao(
  { version, program }: { version: string; program: string },
  members = 3,
): Promise<OpenBaoServers> {
  const folder = await mkdtemp(join(tmpdir(), 'rollguard-openbao-'));
  const issuer = createIssuer();
  const cluster = clusterOf(version, members);
  await writeFile(join(folder, 'key'), randomBytes(32));
  await writeFile(join(folder, 'self-init.json'), JSON.stringify(selfInitOf(cluster, issuer)));
  // Addresses of its own: other clusters of other tests run beside.
  const network = `127.${randomInt(16, 250)}.${randomInt(1, 250)}`;
  const addresses = Array.from({ length: members }, (_, ordinal) => `${network}.${ordinal + 1}`);
  const urls = new Map(addresses.map((address, ordinal) => [`prod-${ordinal}`, `http://${address}:8200`]));
  const processes = new Map<string, ChildProcess>();

  for (const [ordinal, address] of addresses.entries()) {
    const pod = `prod-${ordinal}`;
    const own = join(folder, pod);
    await mkdir(join(own, 'data'), { recursive: true });
    await writeFile(
      join(own, 'bao.json'),
      JSON.stringify(configuration(folder, pod, address, [...urls.values()])),
    );
    const configs = [`-config=${join(own, 'bao.json')}`];
    if (ordinal === 0) configs.push(`-config=${join(folder, 'self-init.json')}`);
    const log = openSync(join(own, 'log'), 'a');
    processes.set(pod, spawn(program, ['server', ...configs], { stdio: ['ignore', log, log] }));
  }
  const kill = async (pod: string) => {
    const child = processes.get(pod);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const servers: OpenBaoServers = {
    version,
    cluster,
    issuer,
    urls,
    tokenOf: (serviceAccount) => issuer.token(`system:serviceaccount:bao:${serviceAccount}`),
    kill,
    async stop() {
      await Promise.all([...processes.keys()].map(kill));
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilVoters(servers, members);
  } catch (error) {
    const log = await readFile(join(folder, 'prod-0', 'log'), 'utf8');
    await servers.stop();
    throw new Error(`OpenBao ${version} did not start: ${log.slice(-1500)}`, { cause: error });
  }
  return servers;
}

const clusterOf = (version: string, replicas: number) =>
  openBaoCluster({
    version,
    replicas,
    profile: 'Development',
    tls: { enabled: false },
    configuration: {
      raft: {
        autopilotReconcileInterval: '1s',
        autopilotUpdateInterval: '500ms',
        serverStabilizationTime: '1s',
      },
    },
    selfInit: {
      requests: [
        {
          name: 'tester-policy',
          operation: 'update',
          path: 'sys/policies/acl/tester',
          data: { policy: 'path "*" { capabilities = ["create","read","update","delete","list","sudo"] }' },
        },
        {
          name: 'tester-role',
          operation: 'update',
          path: `auth/jwt-operator/role/${testerRole}`,
          data: {
            role_type: 'jwt',
            user_claim: 'sub',
            bound_audiences: ['openbao-internal'],
            bound_subject: 'system:serviceaccount:bao:tester',
            token_policies: ['tester'],
          },
        },
      ],
    },
  });

const selfInitOf = (cluster: OpenBaoCluster, issuer: TestIssuer) =>
  selfInit(inputsOf(cluster, { issuer: { url: issuer.url, publicKeys: [issuer.publicKey] } }));

function configuration(folder: string, pod: string, address: string, urls: readonly string[]): object {
  return {
    storage: {
      raft: {
        path: join(folder, pod, 'data'),
        node_id: pod,
        performance_multiplier: '1',
        autopilot_reconcile_interval: '1s',
        autopilot_update_interval: '500ms',
        retry_join: urls.map((url) => ({ leader_api_addr: url })),
      },
    },
    listener: [
      { tcp: { address: `${address}:8200`, cluster_address: `${address}:8201`, tls_disable: true } },
    ],
    api_addr: `http://${address}:8200`,
    cluster_addr: `https://${address}:8201`,
    seal: [{ static: { current_key_id: 'k1', current_key: `file://${join(folder, 'key')}` } }],
    ui: false,
  };
}

async function untilVoters(starting: OpenBaoServers, members: number): Promise<void> {
  const nodes = [...starting.urls].map(([pod, url]) => connectOpenBao({ pod, url }));
  const end = Date.now() + 60_000;
  let cause: unknown;
  try {
    for (;;) {
      try {
        const [first] = nodes;
        if (first === undefined) throw new Error('a cluster has at least one member');
        const { token } = await first.login(testerRole, starting.tokenOf('tester'));
        const { servers } = await first.raftConfiguration(token);
        if (servers.filter(({ voter }) => voter).length === members) return;
        cause = new Error(`members are ${JSON.stringify(servers)}`);
      } catch (error) {
        cause = error;
      }
      if (Date.now() > end) throw new Error('not all members became voters within 60 s', { cause });
      await sleep(500);
    }
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}
