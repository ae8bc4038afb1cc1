import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { RaftServer } from '../../src/core/model/observation.ts';
import { selfInit } from '../../src/core/workload/self-init.ts';
import { connectOpenBao, type OpenBaoNode } from '../../src/io/openbao/node.ts';
import { cluster as openBaoCluster } from '../support/builders.ts';
import { inputsOf } from '../core/workload/inputs-of.ts';
import { areApart } from '../../src/core/raft/mix.ts';
import { realVersions } from '../openbao/flavours.ts';
import { startHub } from '../openbao/server/hub.ts';
import { createIssuer, type TestIssuer } from './jwt.ts';

/** A running cluster `bao/prod` on loopback, with the roles that Rollguard's self-initialization makes. */
export interface OpenBaoServers {
  readonly version: string;
  readonly cluster: OpenBaoCluster;
  readonly issuer: TestIssuer;
  readonly unsealKey: Buffer;
  /** By pod name, in order. */
  readonly urls: ReadonlyMap<string, string>;
  /** The token of one of the cluster's ServiceAccounts. */
  tokenOf(serviceAccount: string): string;
  /** SIGKILL; it does not come back by itself. */
  kill(pod: string): Promise<void>;
  /** Starts one again with its disk, killed or not; of another version if one is named. */
  restart(pod: string, version?: string): Promise<void>;
  /** Starts further members, which join as permanent non-voters: a green half. They are then among `urls`. */
  join(pods: readonly string[], version?: string): Promise<void>;
  stop(): Promise<void>;
}

/** A role that may do everything, for what a test itself does. */
export const testerRole = 'tester';

/** Which OpenBao the tests run on, for their titles. */
export const openBaoKind = (process.env['OPENBAO_DIR'] ?? '') === '' ? 'the model' : 'real servers';

/** What runs as `bao`, and what it needs to. */
interface Program {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

interface Programs {
  program(version: string): Program;
  close(): Promise<void>;
}

/** The oldest and the newest version there is whose members can work together: all before 2.6, or all from it on. */
export function versionsOf(): readonly [string, string] {
  const found = realVersions();
  const versions = found.length === 0 ? ['2.4.4', '2.5.5'] : found;
  const newest = versions.at(-1) ?? '';
  const fitting = versions.filter((version) => !areApart(version, newest));
  return [fitting.at(0) ?? '', newest];
}

/** Versions before 2.6 and from 2.6 on, whose members give each other no votes; each pair that there is. */
export function pairsAcross(): readonly (readonly [older: string, newer: string])[] {
  const found = realVersions();
  const versions = found.length === 0 ? ['2.5.5', '2.6.2', '2.7.0-dev'] : found;
  const older = versions.findLast((version) => areApart(version, '2.6.0'));
  return versions.flatMap((version) =>
    older !== undefined && areApart(older, version) ? [[older, version] as const] : [],
  );
}

/** Where servers are found, and the model of OpenBao otherwise: chosen here alone. */
async function findPrograms(): Promise<Programs> {
  const folder = process.env['OPENBAO_DIR'] ?? '';
  if (folder !== '') {
    return {
      program: (version) => ({ command: [join(folder, version, 'bao')], env: {} }),
      close: () => Promise.resolve(),
    };
  }
  const hub = await startHub({ host: '127.0.0.1', port: 0, log: () => {} });
  return {
    program: (version) => ({
      command: [process.execPath, fileURLToPath(new URL('../openbao/server/bao.ts', import.meta.url))],
      env: { ROLLGUARD_OPENBAO_MODEL: hub.address, ROLLGUARD_OPENBAO_MODEL_VERSION: version },
    }),
    close: () => hub.close(),
  };
}

/**
 * Starts servers, real ones where they are; ready when all are voters.
 *
 * @param like takes unseal key and issuer of another cluster, so that its snapshots fit
 * @param wanted the version; the newest when left out
 */
export async function startOpenBao(
  members = 3,
  like?: OpenBaoServers,
  wanted?: string,
): Promise<OpenBaoServers> {
  const programs = await findPrograms();
  const version = wanted ?? versionsOf()[1];
  const folder = await mkdtemp(join(tmpdir(), 'rollguard-openbao-'));
  const issuer = like?.issuer ?? createIssuer();
  const unsealKey = like?.unsealKey ?? randomBytes(32);
  const cluster = clusterOf(version, members);
  await writeFile(join(folder, 'key'), unsealKey);
  await writeFile(join(folder, 'self-init.json'), JSON.stringify(selfInitOf(cluster, issuer)));
  // Addresses of its own: other clusters of other tests run beside.
  const network = `127.${randomInt(16, 250)}.${randomInt(1, 250)}`;
  const pods = Array.from({ length: members }, (_, ordinal) => `prod-${ordinal}`);
  const urls = new Map<string, string>();
  const processes = new Map<string, ChildProcess>();
  const commands = new Map<string, (version?: string) => Promise<void>>();

  const prepare = async (joining: readonly string[], isNonVoter: boolean, ofVersion = version) => {
    const addresses = joining.map((pod, at) => [pod, `${network}.${urls.size + at + 1}`] as const);
    for (const [pod, address] of addresses) urls.set(pod, `http://${address}:8200`);
    const known = [...urls.values()];
    for (const [pod, address] of addresses) {
      const own = join(folder, pod);
      await mkdir(join(own, 'data'), { recursive: true });
      const text = JSON.stringify(configuration({ folder, pod, address, urls: known, isNonVoter }));
      await writeFile(join(own, 'bao.json'), text);
      commands.set(pod, async (another = ofVersion) => {
        const configs = [`-config=${join(own, 'bao.json')}`];
        // As in the pods: gone from the configuration once the cluster is initialized.
        if (pod === 'prod-0' && !processes.has(pod))
          configs.push(`-config=${join(folder, 'self-init.json')}`);
        const log = await open(join(own, 'log'), 'a');
        const program = programs.program(another);
        const [command, ...args] = program.command;
        const env = { ...process.env, ...program.env };
        const child = spawn(command, [...args, 'server', ...configs], {
          env,
          stdio: ['ignore', log.fd, log.fd],
        });
        processes.set(pod, child);
        await log.close();
      });
      await commands.get(pod)?.();
    }
  };
  await prepare(pods, false);
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
    restart: async (pod, another) => {
      await kill(pod);
      await commands.get(pod)?.(another);
    },
    join: async (joining, ofVersion) => {
      await prepare(joining, true, ofVersion);
      await untilMembers(servers, urls.size);
    },
    async stop() {
      await Promise.all([...processes.keys()].map(kill));
      await programs.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilMembers(servers, members, ({ voter }) => voter);
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

interface Server {
  readonly folder: string;
  readonly pod: string;
  readonly address: string;
  readonly urls: readonly string[];
  readonly isNonVoter: boolean;
}

function configuration({ folder, pod, address, urls, isNonVoter }: Server): object {
  return {
    storage: {
      raft: {
        path: join(folder, pod, 'data'),
        node_id: pod,
        performance_multiplier: '1',
        autopilot_reconcile_interval: '1s',
        autopilot_update_interval: '500ms',
        retry_join: urls.map((url) => ({ leader_api_addr: url })),
        ...(isNonVoter ? { retry_join_as_non_voter: true } : {}),
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

async function untilMembers(
  starting: OpenBaoServers,
  members: number,
  counts: (server: RaftServer) => boolean = () => true,
): Promise<void> {
  const nodes = [...starting.urls].map(([pod, url]) => connectOpenBao({ pod, url }));
  const end = Date.now() + 60_000;
  let cause: unknown;
  const isUnsealed = async (node: OpenBaoNode) => !(await node.health()).sealed;
  try {
    for (;;) {
      try {
        const [first] = nodes;
        if (first === undefined) throw new Error('a cluster has at least one member');
        const { token } = await first.login(testerRole, starting.tokenOf('tester'));
        const { servers } = await first.raftConfiguration(token);
        const unsealed = await Promise.all(nodes.map(isUnsealed));
        if (servers.filter(counts).length === members && !unsealed.includes(false)) return;
        cause = new Error(`members are ${JSON.stringify(servers)}, unsealed ${unsealed.join()}`);
      } catch (error) {
        cause = error;
      }
      if (Date.now() > end) throw new Error('not all members joined within 60 s', { cause });
      await sleep(500);
    }
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}
