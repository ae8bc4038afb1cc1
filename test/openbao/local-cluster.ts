import { spawn, type ChildProcess } from 'node:child_process';
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flavour } from './flavours.ts';
import { exampleClaims, exampleInitialization } from './model/example.ts';

export interface Reply {
  /** 0: no answer. */
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** The parsed JSON, or an empty object. */
  readonly body: Readonly<Record<string, unknown>>;
}

interface Ask {
  readonly method?: string;
  readonly token?: string;
  /** Bytes are sent as they are, anything else as JSON. */
  readonly body?: object;
}

/** Nothing is left when the tests end before they clean up. */
const started = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** A Raft cluster of processes on loopback addresses. */
export class LocalCluster {
  readonly flavour: Flavour;
  readonly #subnet: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollguard-openbao-'));
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #running = new Map<number, ChildProcess>();

  /** @param subnet first three numbers of its addresses, such as `127.31.1` */
  constructor(flavour: Flavour, subnet: string) {
    this.flavour = flavour;
    this.#subnet = subnet;
    writeFileSync(join(this.#folder, 'unseal'), randomBytes(32));
  }

  id(ordinal: number): string {
    return `n${ordinal}`;
  }

  address(ordinal: number): string {
    return `http://${this.#subnet}.${ordinal + 1}:8200`;
  }

  /**
   * Starts the process of a node; `initialize` gives it the stanza, `nonVoter` lets it join for good as one, and
   * `flavour` is another than the cluster's.
   */
  start(ordinal: number, { initialize = false, nonVoter = false, flavour = this.flavour } = {}): void {
    const folder = join(this.#folder, this.id(ordinal));
    mkdirSync(join(folder, 'data'), { recursive: true });
    const files = [this.#write(folder, 'bao.json', this.#configuration(ordinal, folder, nonVoter))];
    if (initialize) files.push(this.#write(folder, 'self-init.json', this.#initialization()));
    const [program = '', ...args] = flavour.command;
    const log = openSync(join(folder, 'log'), 'a');
    const child = spawn(program, [...args, 'server', ...files.map((file) => `-config=${file}`)], {
      env: { ...process.env, ...flavour.environment },
      stdio: ['ignore', log, log],
    });
    this.#running.set(ordinal, child);
    started.add(child);
    child.once('exit', () => started.delete(child));
  }

  /** Ends the process and waits until it is gone. */
  async end(ordinal: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#running.get(ordinal);
    if (child === undefined) return;
    this.#running.delete(ordinal);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill(signal);
    await gone;
  }

  /** Whether a process that was started has not ended. */
  runs(ordinal: number): boolean {
    const child = this.#running.get(ordinal);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  wipe(ordinal: number): void {
    rmSync(join(this.#folder, this.id(ordinal), 'data'), { recursive: true });
  }

  log(ordinal: number): string {
    return readFileSync(join(this.#folder, this.id(ordinal), 'log'), 'utf8');
  }

  /** A request to one node, which never throws and follows no redirect. */
  async ask(ordinal: number, path: string, { method, token, body }: Ask = {}): Promise<Reply> {
    try {
      const response = await fetch(`${this.address(ordinal)}/v1/${path}`, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        redirect: 'manual',
        signal: AbortSignal.timeout(5000),
        headers: token === undefined ? {} : { 'X-Vault-Token': token },
        ...(body === undefined ? {} : { body: body instanceof Buffer ? body : JSON.stringify(body) }),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, bytes, body: parse(bytes) };
    } catch {
      return { status: 0, headers: new Headers(), bytes: Buffer.alloc(0), body: {} };
    }
  }

  /** Logs in with a token that this cluster's key signed; `claims` replace those the role wants. */
  login(ordinal: number, claims: Readonly<Record<string, unknown>> = {}, role = 'all'): Promise<Reply> {
    return this.ask(ordinal, 'auth/jwt-operator/login', { body: { role, jwt: this.#sign(claims) } });
  }

  /** A token, asked for again while a standby does not reach a new leader yet. */
  token(ordinal: number): Promise<string> {
    return until('a login', async () => {
      const { body } = await this.login(ordinal);
      return (body['auth'] as { readonly client_token: string } | undefined)?.client_token;
    });
  }

  /** The node that answers 200, waited for. */
  async active(): Promise<number> {
    return until(`an active node of ${this.flavour.kind} ${this.flavour.version}`, async () => {
      for (const ordinal of this.#running.keys()) {
        if ((await this.ask(ordinal, 'sys/health')).status === 200) return ordinal;
      }
      return undefined;
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((ordinal) => this.end(ordinal, 'SIGKILL')));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(folder: string, name: string, content: object): string {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify(content));
    return file;
  }

  #configuration(ordinal: number, folder: string, nonVoter: boolean): object {
    const host = `${this.#subnet}.${ordinal + 1}`;
    return {
      storage: {
        raft: {
          path: join(folder, 'data'),
          node_id: this.id(ordinal),
          performance_multiplier: '1',
          autopilot_reconcile_interval: '1s',
          autopilot_update_interval: '500ms',
          retry_join: [0, 1, 2].map((each) => ({ leader_api_addr: this.address(each) })),
          ...(nonVoter ? { retry_join_as_non_voter: true } : {}),
        },
      },
      listener: [{ tcp: { address: `${host}:8200`, cluster_address: `${host}:8201`, tls_disable: true } }],
      api_addr: `http://${host}:8200`,
      cluster_addr: `https://${host}:8201`,
      seal: [{ static: { current_key_id: 'test', current_key: `file://${join(this.#folder, 'unseal')}` } }],
      ui: false,
    };
  }

  #initialization(): object {
    const pem = this.#keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const requests = exampleInitialization([pem]).map(({ name, operation, path, data }) => ({
      [name]: { operation, path, data },
    }));
    return { initialize: [{ test: { request: requests } }] };
  }

  #sign(claims: Readonly<Record<string, unknown>>): string {
    const now = Math.floor(Date.now() / 1000);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = { iat: now, exp: now + 600, ...exampleClaims, ...claims };
    const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(payload)}`;
    const signature = createSign('RSA-SHA256').update(signed).sign(this.#keys.privateKey);
    return `${signed}.${signature.toString('base64url')}`;
  }
}

function parse(bytes: Buffer): Reply['body'] {
  try {
    return JSON.parse(bytes.toString()) as Reply['body'];
  } catch {
    return {};
  }
}

/** Asks until the answer is not undefined. @throws Error that names what did not come */
export async function until<Found>(
  what: string,
  find: () => Promise<Found | undefined>,
  timeoutMs = 60_000,
): Promise<Found> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const found = await find();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
}
