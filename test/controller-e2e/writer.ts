import { Agent, request } from 'undici';
import { isReady } from '../../src/core/model/selectors.ts';
import { requestToken } from '../../src/io/kubernetes/issuer.ts';
import { connect, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import type { Ground } from '../cluster/contract.ts';
import { serverCa, serverPods } from './servers.ts';

/** A stretch of time without an acknowledged write, longer than anyone would notice. */
export interface Gap {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly ms: number;
}

/** One client that writes number after number, and remembers what was acknowledged; disposed of, it ends as it is. */
export interface Writer extends AsyncDisposable {
  /** Numbers that were acknowledged so far. */
  acknowledged(): number;
  /** Gaps of more than 300 ms so far, the one under way included. */
  gaps(): readonly Gap[];
  /** Ends, reads every acknowledged number back, and gives those that are not there. */
  stop(): Promise<{ readonly lost: readonly number[] }>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Role and policy that let the ServiceAccount `default` of the namespace write below `kv/`, and move votes and leadership. */
export const writerRequests = (namespace: string): readonly object[] => [
  { name: 'kv', operation: 'update', path: 'sys/mounts/kv', data: { type: 'kv' } },
  {
    name: 'writer-policy',
    operation: 'update',
    path: 'sys/policies/acl/writer',
    data: {
      policy: [
        'path "kv/*" { capabilities = ["create", "update", "read"] }',
        'path "sys/step-down" { capabilities = ["update", "sudo"] }',
        'path "sys/storage/raft/*" { capabilities = ["read", "update"] }',
      ].join('\n'),
    },
  },
  {
    name: 'writer-role',
    operation: 'update',
    path: 'auth/jwt-operator/role/writer',
    data: {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: ['openbao-internal'],
      bound_subject: `system:serviceaccount:${namespace}:default`,
      token_policies: ['writer'],
      token_ttl: '1h',
    },
  },
];

/**
 * Writes to a cluster from outside, one write after the other: to the member that took the last
 * one, and when that fails to each of the others.
 *
 * @param pauseMs between two writes: what a gap is measured by, and what the machine has to do all the while
 */
export async function startWriter(
  ground: Ground,
  namespace: string,
  cluster: string,
  pauseMs = 100,
): Promise<Writer> {
  const client = connect({ kubeconfig: ground.kubeconfig });
  const members = await reachMembers(client, namespace, cluster);
  const token = await logIn(client, members, namespace);
  const acknowledged: number[] = [];
  const gaps: Gap[] = [];
  let last = Date.now();
  const stopping = new AbortController();
  const note = () => {
    const now = Date.now();
    if (now - last > 300) gaps.push({ from: last, ms: now - last });
    last = now;
  };
  const running = (async () => {
    for (let number = 1; !stopping.signal.aborted; number += 1) {
      const answer = await members.ask('PUT', `/v1/kv/${number}`, { number }, token);
      if (answer?.status !== 204) continue;
      note();
      acknowledged.push(number);
      await pause(pauseMs);
    }
  })();
  let ended: Promise<void> | undefined;
  const end = async () => {
    stopping.abort();
    await running;
    await members.close();
    await client.close();
  };
  const dispose = () => (ended ??= end());
  return {
    acknowledged: () => acknowledged.length,
    gaps: () => {
      const ms = Date.now() - last;
      return ms > 300 ? [...gaps, { from: last, ms }] : [...gaps];
    },
    async stop() {
      stopping.abort();
      await running;
      const lost: number[] = [];
      const check = async (number: number) => {
        const answer = await untilAnswered(() => members.ask('GET', `/v1/kv/${number}`, undefined, token));
        const stored = (answer.body as { data?: { number?: number } }).data?.number;
        if (stored !== number) lost.push(number);
      };
      const all = acknowledged.values();
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          for (const number of all) await check(number);
        }),
      );
      await dispose();
      return { lost };
    },
    [Symbol.asyncDispose]: dispose,
  };
}

export interface Members {
  /** Asks one member after the other; undefined when none gave an answer that counts. */
  ask(
    method: 'GET' | 'PUT',
    path: string,
    body: object | undefined,
    token?: string,
  ): Promise<Answer | undefined>;
  close(): Promise<void>;
}

/** Reaches the members of a cluster from outside. */
export async function reachMembers(
  client: KubernetesClient,
  namespace: string,
  cluster: string,
): Promise<Members> {
  const ca = await serverCa(client, namespace, cluster);
  const dispatcher = new Agent({
    connect: ca === undefined ? {} : { ca, servername: `${cluster}-0.${cluster}.${namespace}.svc` },
    connectTimeout: 500,
  });
  const scheme = ca === undefined ? 'http' : 'https';
  let addresses: string[] = [];
  const refresh = async () => {
    const pods = await serverPods(client, namespace, cluster);
    const endpoints = pods.filter(isReady);
    const now = (endpoints.length > 0 ? endpoints : pods).flatMap(({ status }) => status?.podIP ?? []);
    addresses = [
      ...addresses.filter((each) => now.includes(each)),
      ...now.filter((each) => !addresses.includes(each)),
    ];
  };
  const askOne = async (
    address: string,
    method: 'GET' | 'PUT',
    path: string,
    body: object | undefined,
    token: string | undefined,
  ): Promise<Answer> => {
    const answer = await request(`${scheme}://${address}:8200${path}`, {
      method,
      dispatcher,
      headers: token === undefined ? {} : { 'x-vault-token': token },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: 1000,
      bodyTimeout: 1000,
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text === '' ? {} : (JSON.parse(text) as unknown) };
  };
  return {
    async ask(method, path, body, token) {
      const asked = new Set<string>();
      for (;;) {
        // As the client of a Service, which knows no pod that is about to go.
        if (addresses.length === 0 || asked.size > 0) await refresh().catch(() => undefined);
        const address = addresses.find((each) => !asked.has(each));
        if (address === undefined) break;
        asked.add(address);
        const answer = await askOne(address, method, path, body, token).catch(() => undefined);
        if (answer !== undefined && answer.status < 300) {
          addresses = [address, ...addresses.filter((each) => each !== address)];
          return answer;
        }
        if (answer?.status === 404 || answer?.status === 403 || answer?.status === 400) return answer;
      }
      await pause(20);
      return undefined;
    },
    close: () => dispatcher.destroy(),
  };
}

/** Logs in as the writer. */
export async function logIn(client: KubernetesClient, members: Members, namespace: string): Promise<string> {
  const jwt = await requestToken(client, { namespace, name: 'default' }, 'openbao-internal', 3600);
  const answer = await untilAnswered(() =>
    members.ask('PUT', '/v1/auth/jwt-operator/login', { role: 'writer', jwt }),
  );
  const token = (answer.body as { auth?: { client_token?: string } }).auth?.client_token;
  if (token === undefined) throw new Error(`the writer cannot log in: ${JSON.stringify(answer)}`);
  return token;
}

async function untilAnswered(ask: () => Promise<Answer | undefined>): Promise<Answer> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error('no member of the cluster answers');
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
