import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { selfInit } from '../../src/core/workload/self-init.ts';
import { connectOpenBao } from '../../src/io/openbao.ts';
import { cluster as openBaoCluster } from '../support/builders.ts';
import { inputsOf } from '../core/workload/inputs-of.ts';
import { startHub } from '../openbao/server/hub.ts';
import { createIssuer, type TestIssuer } from './jwt.ts';

/** A running cluster `bao/prod` on loopback, with the roles that Rollguard's self-initialisation makes. */
export interface OpenBaoServers {
  readonly version: string;
  readonly cluster: OpenBaoCluster;
  readonly issuer: TestIssuer;
  readonly unsealKey: Buffer;
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

/** Which OpenBao the tests run on, for their titles. */
export const openBaoKind = (process.env['OPENBAO_DIR'] ?? '') === '' ? 'the model' : 'real servers';

/** What runs as `bao`, and what it needs to. */
interface Program {
  readonly version: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** The newest server in OPENBAO_DIR (folders named by version), else the model of OpenBao: chosen here alone. */
async function findProgram(): Promise<Program> {
  const folder = process.env['OPENBAO_DIR'] ?? '';
  const versions = folder === '' ? [] : await readdir(folder);
  const version = versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (version !== undefined) {
    return { version, command: [join(folder, version, 'bao')], env: {}, close: () => Promise.resolve() };
  }
  const hub = await startHub({ host: '127.0.0.1', port: 0, log: () => {} });
  return {
    version: modelVersion,
    command: [process.execPath, fileURLToPath(new URL('../openbao/server/bao.js', import.meta.url))],
    env: { ROLLGUARD_OPENBAO_MODEL: hub.address, ROLLGUARD_OPENBAO_MODEL_VERSION: modelVersion },
    close: () => hub.close(),
  };
}

const modelVersion = '2.5.5';

/**
 * Starts servers, real ones where they are; ready when all are voters.
 *
 * @param like takes unseal key and issuer of another cluster, so that its snapshots fit
 */
export async function startOpenBao(members = 3, like?: OpenBaoServers): Promise<OpenBaoServers> {
  const program = await findProgram();
  const { version } = program;
  const folder = await mkdtemp(join(tmpdir(), 'rollguard-openbao-'));
  const issuer = like?.issuer ?? createIssuer();
  const unsealKey = like?.unsealKey ?? randomBytes(32);
  const cluster = clusterOf(version, members);
  await writeFile(join(folder, 'key'), unsealKey);
  await writeFile(join(folder, 'self-init.json'), JSON.stringify(selfInitOf(cluster, issuer)));
  // Addresses of its own: other clusters of other tests run beside.
  const network = `127.${randomInt(16, 250)}.${randomInt(1, 250)}`;
  const pods = Array.from({ length: members }, (_, ordinal) => `prod-${ordinal}`);
  const addresses = new Map(pods.map((pod, ordinal) => [pod, `${network}.${ordinal + 1}`]));
  const urls = new Map([...addresses].map(([pod, address]) => [pod, `http://${address}:8200`]));
  const processes = new Map<string, ChildProcess>();

  for (const [pod, address] of addresses) {
    const own = join(folder, pod);
    await mkdir(join(own, 'data'), { recursive: true });
    const text = JSON.stringify(configuration(folder, pod, address, [...urls.values()]));
    await writeFile(join(own, 'bao.json'), text);
    const configs = [`-config=${join(own, 'bao.json')}`];
    if (pod === 'prod-0') configs.push(`-config=${join(folder, 'self-init.json')}`);
    const log = await open(join(own, 'log'), 'a');
    const [command, ...args] = program.command;
    const env = { ...process.env, ...program.env };
    const stdio = ['ignore', log.fd, log.fd] as const;
    processes.set(pod, spawn(command, [...args, 'server', ...configs], { env, stdio: [...stdio] }));
    await log.close();
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
    unsealKey,
    urls,
    tokenOf: (serviceAccount) => issuer.token(`system:serviceaccount:bao:${serviceAccount}`),
    kill,
    async stop() {
      await Promise.all(pods.map(kill));
      await program.close();
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
