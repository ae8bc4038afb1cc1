import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import { ApiError, connect, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { collectionPath, objectPath } from '../../src/io/kubernetes/resources.ts';
import { admissionFacts } from '../../src/io/kubernetes/admission-facts.ts';
import { webhookMetrics } from '../../webhooks/metrics.ts';
import { routes } from '../../webhooks/routes.ts';
import { startServer, type WebhookServer } from '../../webhooks/server.ts';
import { createCertificateAuthority } from './certificates.ts';
import type { Ground, KubectlResult } from '../cluster/test-cluster.ts';
import { crdNames, untilEstablished } from './crds.ts';
import { poll } from './polling.ts';

/** The real gate in this process, called by the ground's real API server. */
export interface Gate {
  readonly server: WebhookServer;
  /** Stops the server and takes its configurations off the cluster. */
  stop(): Promise<void>;
}

interface WebhookConfiguration {
  readonly kind: string;
  readonly webhooks: { clientConfig: { service?: { path: string } } }[];
}

/**
 * Installs the CRDs and the webhook configurations as `manifests/` has them, but called by
 * URL, because the server runs outside the cluster.
 */
export async function startGate(ground: Ground): Promise<Gate> {
  const authority = await createCertificateAuthority('gate');
  const pair = await authority.issue({ kind: 'server', name: 'gate', addresses: [ground.hostAddress] });
  const client = connect({ kubeconfig: ground.kubeconfig });
  const server = await startServer({
    port: 0,
    statusPort: 0,
    certificate: { key: pair.key, cert: pair.certificate },
    routes,
    context: { facts: admissionFacts(client), trustedControllers: [], enforce: 'deny' },
    metrics: webhookMetrics(routes.map(({ path }) => path)),
    logger: pino({ level: 'silent' }),
    drainMs: 0,
  });
  const close = async () => {
    await server.close();
    await client.close();
  };
  const configurations = JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: byUrl(
      await readFile('manifests/gate/70-webhooks.yaml', 'utf8'),
      `https://${ground.hostAddress}:${server.port}`,
      authority.certificate,
    ),
  });
  try {
    await succeed(ground.kubectl(['apply', '--server-side', '-k', 'manifests/crds']));
    await untilEstablished(ground, ...crdNames);
    await succeed(ground.kubectl(['apply', '-f', '-'], { input: configurations }));
    await untilInForce(client);
  } catch (error) {
    // Nobody has it to stop it, and a process that listens does not end.
    await close();
    throw error;
  }
  return {
    server,
    async stop() {
      await ground.kubectl(['delete', '-f', '-', '--ignore-not-found'], { input: configurations });
      await close();
    },
  };
}

function byUrl(yaml: string, url: string, authority: string): unknown[] {
  return parseAllDocuments(yaml).map((document) => {
    const configuration = document.toJS() as WebhookConfiguration;
    return {
      ...configuration,
      webhooks: configuration.webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: {
          url: `${url}${webhook.clientConfig.service?.path}`,
          caBundle: Buffer.from(authority).toString('base64'),
        },
      })),
    };
  });
}

/** The API server takes a moment to call a new webhook: asked until it refuses what must be refused. */
async function untilInForce(client: KubernetesClient): Promise<void> {
  const isRefused = async () => (await askGate(client))?.reason === 'InvalidVersion' || undefined;
  if ((await poll(isRefused, { leastPauseMs: 20, timeoutMs: 30_000 })) === undefined)
    throw new Error('the API server does not call the gate');
}

/**
 * Tries to create what the gate must refuse, without a kubectl each time: that would be what loads the machine.
 *
 * @returns how it was refused; undefined when it was not
 */
export function askGate(client: KubernetesClient): Promise<ApiError | undefined> {
  const odd = cluster('rollguard-probe', { version: 'not-a-version' });
  const path = collectionPath('openbao.org/v1alpha1', 'OpenBaoCluster', 'default');
  return client.create(path, odd, { query: { dryRun: 'All' } }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ApiError) return error;
      throw error;
    },
  );
}

/** @throws Error with what kubectl said, when it did not exit with 0 */
export async function succeed(result: Promise<KubectlResult>): Promise<KubectlResult> {
  const done = await result;
  if (done.code !== 0) throw new Error(`kubectl exited with ${done.code}: ${done.stderr}${done.stdout}`);
  return done;
}

/** An OpenBaoCluster for kubectl. */
export function cluster(name: string, spec: object, metadata: object = {}): object {
  return {
    apiVersion: 'openbao.org/v1alpha1',
    kind: 'OpenBaoCluster',
    metadata: { name, ...metadata },
    spec,
  };
}

/** What a test needs to be there, in one namespace, and is not about: made by plain calls, which cost next to nothing. */
export interface Fixtures {
  create(object: object): Promise<void>;
  /** A merge patch; `status` where it is that of a subresource. */
  patch(kind: FixtureKind, name: string, patch: object, subresource?: 'status'): Promise<void>;
  /** Undefined where there is none. */
  read<T>(kind: FixtureKind, name: string): Promise<T | undefined>;
}

type FixtureKind = keyof typeof apiVersions;

const apiVersions = {
  Pod: 'v1',
  OpenBaoCluster: 'openbao.org/v1alpha1',
  MetadataServices: 'e6data.io/v1alpha1',
} as const;

/** @param ground asked at the first call, for a suite has it only after its `before` hook */
export function fixturesIn(ground: () => Ground, namespace: string): Fixtures {
  let client: KubernetesClient | undefined;
  const api = () => (client ??= connect({ kubeconfig: ground().kubeconfig }));
  const pathOf = (kind: FixtureKind, name: string) =>
    objectPath({ apiVersion: apiVersions[kind], kind, namespace, name });
  return {
    async create(object) {
      const { apiVersion = '', kind = '' } = object as KubernetesObject;
      await api().create(collectionPath(apiVersion, kind, namespace), object);
    },
    async patch(kind, name, patch, subresource) {
      const path = [pathOf(kind, name), ...(subresource === undefined ? [] : [subresource])].join('/');
      await api().request({ method: 'PATCH', path, body: patch });
    },
    read: (kind, name) => api().get(pathOf(kind, name)),
  };
}

/**
 * kubectl in one namespace, with an object for its standard input where it takes one.
 *
 * @param ground asked at each call, for a suite has it only after its `before` hook
 */
export const kubectlIn =
  (ground: () => Ground, namespace: string) =>
  (args: readonly string[], input?: object, kubeconfig?: string): Promise<KubectlResult> =>
    ground().kubectl(['-n', namespace, ...args], {
      ...(input === undefined ? {} : { input: JSON.stringify(input) }),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
    });
