import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { parseAllDocuments } from 'yaml';
import { connect } from '../../src/io/kubernetes/kubernetes.ts';
import { admissionFacts } from '../../src/io/kubernetes/admission-facts.ts';
import { webhookMetrics } from '../../webhooks/metrics.ts';
import { routes } from '../../webhooks/routes.ts';
import { startServer, type WebhookServer } from '../../webhooks/server.ts';
import { createCertificateAuthority } from './certificates.ts';
import type { Ground, KubectlResult } from '../cluster/test-cluster.ts';
import { untilEstablished } from './crds.ts';

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
  const kinds = ['openbaoclusters', 'openbaorestores', 'metadataservices'];
  for (const crd of kinds.map((kind) => `manifests/crds/${kind}.yaml`)) {
    await succeed(ground.kubectl(['apply', '--server-side', '-f', crd]));
    await untilEstablished(ground, '-f', crd);
  }
  const configurations = JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: byUrl(
      await readFile('manifests/gate/70-webhooks.yaml', 'utf8'),
      `https://${ground.hostAddress}:${server.port}`,
      authority.certificate,
    ),
  });
  await succeed(ground.kubectl(['apply', '-f', '-'], { input: configurations }));
  await untilInForce(ground);
  return {
    server,
    async stop() {
      await ground.kubectl(['delete', '-f', '-', '--ignore-not-found'], { input: configurations });
      await server.close();
      await client.close();
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
async function untilInForce(ground: Ground): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { stderr } = await ground.kubectl(['create', '--dry-run=server', '-f', '-'], {
      input: JSON.stringify(cluster('probe', { version: 'not-a-version' })),
    });
    if (stderr.includes('(InvalidVersion)')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the API server does not call the gate');
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
