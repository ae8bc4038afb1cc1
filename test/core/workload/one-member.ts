import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { clusterCertificates } from '../../../certs/cluster-certificates.ts';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { configMap } from '../../../src/core/workload/config-map.ts';
import { paths } from '../../../src/core/workload/paths.ts';
import { SimulatedApi } from '../../certs/simulated-api.ts';
import { createIssuer, type TestIssuer } from '../../executor/jwt.ts';
import { cluster as openBaoCluster } from '../../support/builders.ts';
import { inputsOf } from './inputs-of.ts';

/** A real server, run by the rendered start script with the rendered files: a pod without a pod. */
export interface OneMember {
  readonly address: string;
  readonly issuer: TestIssuer;
  /** PEM. */
  readonly ca: string;
  ask(call: string, token: string, body?: object): Promise<{ readonly status: number; readonly body: any }>;
  /** Puts another certificate of the same CA where the Secret is mounted. */
  renewCertificate(): Promise<void>;
  /** Takes the self-init file out of the ConfigMap. */
  removeSelfInit(): Promise<void>;
  log(): Promise<string>;
  /** TERM, as the kubelet does. @returns the exit code */
  stop(): Promise<number | null>;
}

/** The versions that OPENBAO_DIR has. */
export async function openBaoVersions(): Promise<readonly string[]> {
  const folder = process.env['OPENBAO_DIR'] ?? '';
  return folder === '' ? [] : readdir(folder);
}

/** Starts the member prod-0 of bao/prod; ready when it leads. */
export async function startOneMember(
  version: string,
  spec: Partial<OpenBaoClusterSpec> = {},
): Promise<OneMember> {
  const folder = await mkdtemp(join(tmpdir(), 'rollguard-member-'));
  const address = `127.${randomInt(16, 250)}.${randomInt(1, 250)}.1`;
  const issuer = createIssuer();
  const cluster = openBaoCluster({ version, replicas: 1, ...spec, tls: { extraSANs: [address] } });
  const within = (path: string) => join(folder, path);
  for (const path of [paths.configuration, paths.tls, paths.unsealKey, paths.data, paths.temporary])
    await mkdir(within(path), { recursive: true });

  const certificates = await simulatedCertificates(cluster);
  await certificates.mount(within(paths.tls));
  await writeFile(within(join(paths.unsealKey, 'key')), randomBytes(32).toString('hex'));
  for (const [name, text] of Object.entries(filesOf(cluster, issuer)))
    await writeFile(within(join(paths.configuration, name)), adapted(text, folder, address));

  const log = await open(within('log'), 'a');
  const url = `https://${address}:8200`;
  const child = spawn('/bin/sh', [within(join(paths.configuration, 'start.sh'))], {
    env: {
      PATH: [join(process.env['OPENBAO_DIR'] ?? '', version), process.env['PATH']].join(delimiter),
      BAO_K8S_POD_NAME: 'prod-0',
      ROLLGUARD_REVISION: 'initial',
      BAO_RAFT_NODE_ID: 'prod-0',
      BAO_API_ADDR: url,
      BAO_CLUSTER_ADDR: `https://${address}:8201`,
    },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const connections = new Agent({ connect: { ca: certificates.ca } });
  const member: OneMember = {
    address,
    issuer,
    ca: certificates.ca,
    async ask(call, token, body) {
      const [method = '', path = ''] = call.split(' ');
      const answer = await request(`${url}/v1/${path}`, {
        dispatcher: connections,
        method: method as 'GET',
        headers: token === '' ? {} : { 'x-vault-token': token },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : {} };
    },
    async renewCertificate() {
      await certificates.renew();
      await certificates.mount(within(paths.tls));
    },
    removeSelfInit: () => rm(within(join(paths.configuration, 'self-init.json'))),
    log: () => readFile(within('log'), 'utf8'),
    async stop() {
      const ended = child.exitCode === null ? once(child, 'exit') : [child.exitCode];
      child.kill('SIGTERM');
      const [code] = (await ended) as [number | null];
      await connections.close();
      await rm(folder, { recursive: true, force: true });
      return code;
    },
  };
  try {
    await untilActive(member);
    return member;
  } catch (error) {
    const text = await member.log();
    await member.stop();
    throw new Error(`OpenBao ${version} did not start: ${text.slice(-2000)}`, { cause: error });
  }
}

const filesOf = (cluster: OpenBaoCluster, issuer: TestIssuer): Readonly<Record<string, string>> =>
  (
    configMap([inputsOf(cluster, { issuer: { url: issuer.url, publicKeys: [issuer.publicKey] } })]) as {
      data?: Record<string, string>;
    }
  ).data ?? {};

/** What a pod has and a process of this machine has not: folders, names in DNS, ports of its own, Kubernetes. */
const adapted = (text: string, folder: string, address: string): string =>
  [paths.configuration, paths.tls, paths.unsealKey, paths.data]
    .reduce((so, path) => so.replaceAll(path, join(folder, path)), text)
    .replace(`scratch=${paths.temporary}`, `scratch=${join(folder, paths.temporary)}`)
    .replace('sleep 10', 'sleep 0.2')
    .replaceAll(/"(:820[01])"/g, `"${address}$1"`)
    .replaceAll('prod-0.prod.bao.svc', address)
    .replace(/"service_registration": \{\s*"kubernetes": \{\}\s*\},/, '');

async function simulatedCertificates(cluster: OpenBaoCluster) {
  const api = new SimulatedApi();
  const secrets = '/api/v1/namespaces/bao/secrets';
  const field = (secret: string, key: string) =>
    Buffer.from(api.objects.get(`${secrets}/${secret}`)?.data?.[key] ?? '', 'base64').toString();
  const issuing = clusterCertificates(api);
  await issuing.issue(cluster);
  return {
    ca: field('prod-tls-ca', 'ca.crt'),
    async renew() {
      api.objects.delete(`${secrets}/prod-tls-server`);
      await issuing.issue(cluster);
    },
    async mount(folder: string) {
      await writeFile(join(folder, 'ca.crt'), field('prod-tls-ca', 'ca.crt'));
      await writeFile(join(folder, 'tls.key'), field('prod-tls-server', 'tls.key'));
      await writeFile(join(folder, 'tls.crt'), field('prod-tls-server', 'tls.crt'));
    },
  };
}

async function untilActive(member: OneMember): Promise<void> {
  const end = Date.now() + 60_000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const { status } = await member.ask('GET sys/health', '');
      if (status === 200) return;
      last = status;
    } catch (error) {
      last = error;
    }
    await sleep(200);
  }
  throw new Error('it did not lead within a minute', { cause: last });
}
