import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { configMap } from '../../../src/core/workload/config-map.ts';
import { files, paths } from '../../../src/core/workload/paths.ts';
import { sealEnvironment } from '../../../src/core/workload/seal.ts';
import { createIssuer } from '../../executor/jwt.ts';
import { cluster as openBaoCluster } from '../../support/builders.ts';
import type { CertificateAuthority } from '../../support/certificates.ts';
import { inputsOf } from './inputs-of.ts';

export type Unseal = NonNullable<OpenBaoClusterSpec['unseal']>;

interface Answer {
  /** 0: none. */
  readonly status: number;
  readonly body: any;
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** How a process of `seal-check.sh` ended. */
interface SealCheckEnd {
  readonly code: number | null;
  /** What a Job's pod would say: its termination message, else the end of its log. */
  readonly said: string;
  readonly milliseconds: number;
}

/** A request that never throws. */
async function ask(url: string, token = '', body?: object): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: token === '' ? {} : { 'X-Vault-Token': token },
      signal: AbortSignal.timeout(5_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
  } catch {
    return { status: 0, body: {} };
  }
}

/** Asks until the answer is given. @throws Error that names what did not come */
export async function until(what: string, is: () => Promise<boolean>, forMs = 60_000): Promise<void> {
  for (const end = Date.now() + forMs; Date.now() < end; await sleep(100)) if (await is()) return;
  throw new Error(`not within ${forMs / 1000} s: ${what}`);
}

const pathOf = (version: string) =>
  [join(process.env['OPENBAO_DIR'] ?? '', version), process.env['PATH']].join(delimiter);

/** Loopback addresses that no other test has. */
const subnet = () => `127.${randomInt(16, 250)}.${randomInt(1, 250)}`;

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  if (signal !== undefined) child.kill(signal);
  const [code] = (await exit) as [number | null];
  return code;
}

/** Ends all that is left of what a script has started: it leads a group of processes. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Another OpenBao, which has the key `prod` of the transit secrets engine. */
export class TransitServer {
  readonly address = `http://${subnet()}.1:8200`;
  readonly #version: string;
  #child: ChildProcess | undefined;

  constructor(version: string) {
    this.#version = version;
  }

  async start(): Promise<void> {
    const listen = this.address.replace('http://', '');
    const args = [
      'server',
      '-dev',
      `-dev-listen-address=${listen}`,
      '-dev-root-token-id=root',
      '-dev-no-store-token',
    ];
    this.#child = spawn('bao', args, {
      env: { PATH: pathOf(this.#version), HOME: tmpdir() },
      stdio: 'ignore',
    });
    await until(
      'the transit server',
      async () => (await ask(`${this.address}/v1/sys/health`)).status === 200,
    );
    await this.call('sys/mounts/transit', { type: 'transit' });
    await this.call('transit/keys/prod', {});
  }

  call(path: string, body?: object): Promise<Answer> {
    return ask(`${this.address}/v1/${path}`, 'root', body);
  }

  /** A token for members, with these rights on the key. */
  async token(...operations: readonly ('encrypt' | 'decrypt')[]): Promise<string> {
    const rules = operations.map((each) => `path "transit/${each}/prod" { capabilities = ["update"] }`);
    const policy = `members-${operations.join('-')}`;
    await this.call(`sys/policies/acl/${policy}`, { policy: rules.join('\n') });
    const { body } = await this.call('auth/token/create-orphan', { policies: [policy], period: '1h' });
    return body.auth.client_token as string;
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined) await ended(this.#child, 'SIGKILL');
  }
}

/** The same server behind TLS, on the same address at another port, with a CA of its own. */
export async function behindTls(
  { address }: TransitServer,
  authority: CertificateAuthority,
): Promise<{ readonly address: string; close(): void }> {
  const { hostname } = new URL(address);
  const { certificate, key } = await authority.issue({ kind: 'server', name: 'keys', addresses: [hostname] });
  const server = createTlsServer({ cert: certificate, key }, (from) => {
    const to = connect(8200, hostname);
    for (const each of [from, to]) each.on('error', () => {});
    from.pipe(to).pipe(from);
  });
  server.listen(8443, hostname);
  await once(server, 'listening');
  return { address: `https://${hostname}:8443`, close: () => void server.close() };
}

/** `spec.unseal` for the key of that server. */
export const transitSeal = ({ address }: TransitServer): Unseal => ({
  type: 'transit',
  transit: { address, mountPath: 'transit', keyName: 'prod' },
  credentialsSecretRef: { name: 'keys' },
});

/** Real servers, run by the rendered scripts with the rendered files of a cluster without TLS: pods without a pod. */
export class SealedCluster {
  readonly #unseal: Unseal;
  readonly #subnet = subnet();
  readonly #members = new Map<number, ChildProcess>();
  #folder = '';
  #environment: readonly Variable[] = [];

  constructor(unseal: Unseal) {
    this.#unseal = unseal;
  }

  /** @param credentials the entries of the Secret */
  async prepare(credentials: Readonly<Record<string, string>>): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'rollguard-sealed-'));
    const issuer = createIssuer();
    const cluster = openBaoCluster({
      replicas: 3,
      profile: 'Development',
      tls: { enabled: false },
      unseal: this.#unseal,
    });
    const rendered = configMap([
      inputsOf(cluster, { issuer: { url: issuer.url, publicKeys: [issuer.publicKey] } }),
    ]) as { data?: Record<string, string> };
    this.#environment = sealEnvironment(cluster) as readonly Variable[];
    for (const who of ['0', '1', '2', 'check']) {
      for (const path of Object.values(paths)) await mkdir(this.#within(who, path), { recursive: true });
      for (const [name, text] of Object.entries(rendered.data ?? {}))
        await writeFile(this.#within(who, join(paths.configuration, name)), this.#adapted(text, who));
    }
    await this.give(credentials);
  }

  /** Puts other entries into the Secret. */
  async give(credentials: Readonly<Record<string, string>>): Promise<void> {
    for (const who of ['0', '1', '2', 'check']) {
      for (const [key, value] of Object.entries(credentials))
        // A file may name another one, as a pod sees it.
        await writeFile(this.#within(who, join(paths.credentials, key)), this.#adapted(value, who));
    }
  }

  async start(ordinal: number, version: string): Promise<void> {
    const who = String(ordinal);
    const address = this.#address(ordinal);
    this.#members.set(
      ordinal,
      await this.#run(who, files.start, version, {
        BAO_K8S_POD_NAME: `prod-${ordinal}`,
        ROLLGUARD_REVISION: 'initial',
        BAO_RAFT_NODE_ID: `prod-${ordinal}`,
        BAO_API_ADDR: `http://${address}:8200`,
        BAO_CLUSTER_ADDR: `https://${address}:8201`,
      }),
    );
  }

  /** TERM, as the kubelet does. @returns the exit code */
  async stop(ordinal: number): Promise<number | null> {
    const child = this.#members.get(ordinal);
    return child === undefined ? null : ended(child, 'SIGTERM');
  }

  /** Waits for the end of a member that ends by itself. */
  async exit(ordinal: number): Promise<number | null> {
    const child = this.#members.get(ordinal);
    return child === undefined ? null : ended(child);
  }

  health(ordinal: number): Promise<Answer> {
    return ask(`http://${this.#address(ordinal)}:8200/v1/sys/health`);
  }

  /** Waits until it leads (200) or follows (429). */
  async untilUnsealed(ordinal: number): Promise<void> {
    await until(`prod-${ordinal} is unsealed: ${await this.log(String(ordinal))}`, async () =>
      [200, 429].includes((await this.health(ordinal)).status),
    );
  }

  async log(who: string): Promise<string> {
    return (await readFile(this.#within(who, 'log'), 'utf8')).slice(-3_000);
  }

  /** Runs the check of the seal as its Job does. */
  async checkSeal(version: string): Promise<SealCheckEnd> {
    const begin = performance.now();
    const message = this.#within('check', 'termination-log');
    await rm(message, { force: true });
    await rm(this.#within('check', 'log'), { force: true });
    // The server of the check before may still write to its own.
    await rm(this.#within('check', join(paths.temporary, 'server.log')), { force: true });
    const child = await this.#run('check', files.sealCheck, version, {
      HOME: this.#within('check', paths.temporary),
    });
    const code = await ended(child);
    endGroup(child);
    const said = await readFile(message, 'utf8').catch(() => this.log('check'));
    return { code, said, milliseconds: performance.now() - begin };
  }

  async remove(): Promise<void> {
    for (const child of this.#members.values()) endGroup(child);
    await Promise.all([...this.#members.values()].map((child) => ended(child)));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run(who: string, script: string, version: string, environment: object): Promise<ChildProcess> {
    const log = await open(this.#within(who, 'log'), 'a');
    const own = this.#environment.map(({ name, value }) => [name, this.#adapted(value, who)]);
    const child = spawn('/bin/sh', [this.#within(who, join(paths.configuration, script))], {
      env: { PATH: pathOf(version), ...Object.fromEntries(own), ...environment },
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    await log.close();
    // Nothing is left when the tests end before they clean up.
    const kill = () => endGroup(child);
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    return child;
  }

  #address(ordinal: number): string {
    return `${this.#subnet}.${ordinal + 1}`;
  }

  #within(who: string, path: string): string {
    return join(this.#folder, who, path);
  }

  /** What a pod has and a process of this machine has not: folders, names in DNS, ports of its own, Kubernetes. */
  #adapted(text: string, who: string): string {
    const address = who === 'check' ? `${this.#subnet}.9` : this.#address(Number(who));
    return Object.values(paths)
      .filter((path) => path !== paths.temporary)
      .reduce((so, path) => so.replaceAll(path, this.#within(who, path)), text)
      .replace(`scratch=${paths.temporary}`, `scratch=${this.#within(who, paths.temporary)}`)
      .replaceAll('/dev/termination-log', this.#within(who, 'termination-log'))
      .replaceAll(/"(:820[01])"/g, `"${address}$1"`)
      .replaceAll('127.0.0.1:8200', `${address}:8200`)
      .replaceAll(/prod-(\d)\.prod\.bao\.svc/g, (_, ordinal) => this.#address(Number(ordinal)))
      .replace(/"service_registration": \{\s*"kubernetes": \{\}\s*\},/, '');
  }
}
