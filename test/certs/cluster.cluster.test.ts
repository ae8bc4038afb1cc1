import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { WebhookConfigurations } from '../../certs/ca-bundle.ts';
import { servingCertificate, type ServingCertificate } from '../../certs/serving.ts';
import { connect, isNotFound, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { availability, type Ground } from '../cluster/test-cluster.ts';
import { groundTimeoutMs, sharedCluster } from '../cluster/shared.ts';
import { skip } from '../support/skip.ts';
import { recordingLogger, until } from './recording-logger.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

const namespace = 'certs-test';
const secretPath = `/api/v1/namespaces/${namespace}/secrets/rollguard-tls`;
const configurationPath = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/certs-test';

interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: unknown;
}

interface Configuration {
  readonly metadata: {
    readonly generation: number;
    readonly resourceVersion: string;
    readonly managedFields: readonly ManagedFields[];
  };
  readonly webhooks: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

describe('a serving certificate on a real API server', function () {
  let ground: Ground;
  let clients: KubernetesClient[];
  let started: ServingCertificate[];
  let logger: ReturnType<typeof recordingLogger>;

  before(async function () {
    this.timeout(groundTimeoutMs);
    const found = await availability('control-plane');
    if (!found.available) skip(this, `${found.why}; ${found.remedy}`);
    ground = await sharedCluster('control-plane');
    clients = [1, 2].map(() => connect({ kubeconfig: ground.kubeconfig }));
    await provideNamespace(ground, namespace);
  });

  after(async () => {
    if (clients === undefined) return;
    await Promise.all(clients.map((client) => client.close()));
    await removeNamespace(ground, namespace);
  });

  beforeEach(() => {
    [started, logger] = [[], recordingLogger()];
  });

  afterEach(async () => {
    await Promise.all(started.map((each) => each.stop()));
    for (const path of [configurationPath, secretPath]) {
      await client()
        .remove(path)
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
  });

  async function kubectl(args: readonly string[], input?: object): Promise<void> {
    const options = input === undefined ? {} : { input: JSON.stringify(input) };
    const { code, stderr } = await ground.kubectl(args, options);
    if (code !== 0) throw new Error(stderr);
  }

  const [client, other] = [() => clients[0] as KubernetesClient, () => clients[1] as KubernetesClient];
  const read = (path: string) => client().get<Configuration & { data: Record<string, string> }>(path);
  const stored = async (name: string) =>
    Buffer.from((await read(secretPath))?.data[name] ?? '', 'base64').toString();
  const published = async () => {
    const { webhooks = [] } = (await read(configurationPath)) ?? {};
    return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());
  };
  const isPublished = async () => {
    const [ca, bundles] = [await stored('ca.crt'), await published()];
    return bundles.length > 0 && bundles.every((bundle) => bundle === ca);
  };

  function replica(by: KubernetesClient, webhookConfigurations?: WebhookConfigurations): ServingCertificate {
    const made = servingCertificate({
      source: {
        kind: 'secret',
        client: by,
        secret: { namespace, name: 'rollguard-tls' },
        service: 'rollguard',
        furtherNames: [ground.hostAddress],
        webhookConfigurations: webhookConfigurations ?? {
          validating: ['certs-test'],
          mutating: [],
          namespace,
        },
      },
      logger,
      intervalMs: 200,
    });
    started.push(made);
    return made;
  }

  /** Two webhooks that no request of this suite meets. */
  const configuration = (...names: string[]) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'certs-test' },
    webhooks: names.map((name) => ({
      name: `${name}.certs-test.example`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      clientConfig: { service: { name: 'rollguard', namespace, path: `/${name}` } },
      rules: [
        {
          apiGroups: ['nobody.example'],
          apiVersions: ['v1'],
          operations: ['CREATE'],
          resources: ['nothings'],
        },
      ],
    })),
  });

  it('is one and the same for two replicas that start at once', async () => {
    const replicas = [replica(client()), replica(other())];
    await Promise.all(replicas.map((each) => each.start()));
    const served = replicas.map((each) => each.current());
    expect(served[0]).to.deep.equal(served[1]);
    expect(served[0]?.cert).to.equal(await stored('tls.crt'));
    expect(
      new X509Certificate(served[0]?.cert ?? '').verify(
        new X509Certificate(await stored('ca.crt')).publicKey,
      ),
    ).to.equal(true);
    expect(logger.lines.filter((line) => line.includes('issued a new CA'))).to.have.length(1);
  });

  it('is what the API server itself accepts when it calls', async () => {
    const reviews: string[] = [];
    const serving = replica(client());
    await serving.start();
    const server = https.createServer({ ...serving.current() }, (request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        const { apiVersion, kind, request: review } = JSON.parse(text) as Record<string, { uid: string }>;
        reviews.push(review?.uid ?? '');
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ apiVersion, kind, response: { uid: review?.uid, allowed: true } }));
      });
    });
    serving.onChange((pair) => server.setSecureContext({ ...pair }));
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const [webhook] = configuration('a').webhooks;
      const url = `https://${ground.hostAddress}:${port}/`;
      const calling = {
        ...configuration('a'),
        webhooks: [
          {
            ...webhook,
            failurePolicy: 'Fail',
            clientConfig: { url },
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
            rules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
            ],
          },
        ],
      };
      const call = async (name: string) => {
        const body = { metadata: { name } };
        await client().create(`/api/v1/namespaces/${namespace}/configmaps`, body, {
          query: { dryRun: 'All' },
        });
        return true;
      };
      await kubectl(['apply', '--filename=-'], calling);
      await until('a call arrives', () => call('one').catch(() => false));
      const before = serving.current();
      await kubectl(['delete', 'secret', '--namespace', namespace, 'rollguard-tls']);
      await until('the certificate is another', () => serving.current() !== before);
      server.closeIdleConnections();
      await until('a call arrives again', () => call('two').catch(() => false));
      expect(reviews.length).to.be.greaterThan(1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('is made anew when its Secret is deleted, and published', async () => {
    await kubectl(['apply', '--filename=-'], configuration('a', 'b'));
    const replicas = [replica(client()), replica(other())];
    await Promise.all(replicas.map((each) => each.start()));
    const before = replicas[0]?.current().cert;
    await kubectl(['delete', 'secret', '--namespace', namespace, 'rollguard-tls']);
    await until('both replicas serve the new one', async () => {
      const cert = await stored('tls.crt');
      return cert !== '' && cert !== before && replicas.every((each) => each.current().cert === cert);
    });
    await until('the new CA is published', isPublished);
  });

  it('is repaired when somebody breaks the Secret', async () => {
    const serving = replica(client());
    await serving.start();
    const broken = {
      data: { 'tls.crt': Buffer.from('-----BEGIN CERTIFICATE-----\nMIIC').toString('base64') },
    };
    const before = serving.current();
    const ca = await stored('ca.crt');
    await client().request({ method: 'PATCH', path: secretPath, body: broken });
    await until('another one is served', () => serving.current() !== before);
    expect(await stored('tls.crt')).to.equal(serving.current().cert);
    expect(await stored('ca.crt')).to.equal(ca);
  });

  for (const [how, args] of [
    ['client-side apply', ['apply']],
    ['server-side apply', ['apply', '--server-side', '--field-manager=gitops']],
  ] as const) {
    describe(`beside ${how}`, () => {
      const apply = (...names: string[]) => kubectl([...args, '--filename=-'], configuration(...names));

      it('stays in place when the same is applied again, and is written once', async () => {
        await apply('a', 'b');
        const serving = replica(client());
        await serving.start();
        await until('it is published', isPublished);
        const before = await read(configurationPath);
        await apply('a', 'b');
        const after = await read(configurationPath);
        expect(await isPublished()).to.equal(true);
        expect(after?.metadata.generation).to.equal(before?.metadata.generation);
      });

      it('does not stand in the way of a change, a webhook less, or a webhook more', async () => {
        await apply('a', 'b');
        await replica(client()).start();
        await until('it is published', isPublished);
        await apply('b');
        expect(await published()).to.deep.equal([await stored('ca.crt')]);
        await apply('b', 'c');
        await until('it is published in the third', isPublished);
        expect(await published()).to.have.length(2);
      });

      it('owns caBundle and the owner, and nobody else loses a field', async () => {
        const managed = async () =>
          ((await read(configurationPath))?.metadata.managedFields ?? []).map(
            ({ manager, operation, fieldsV1 }) => ({ manager, operation, fieldsV1 }),
          );
        await apply('a', 'b');
        const before = await managed();
        await replica(client()).start();
        await until('it is published', isPublished);
        const after = await managed();
        const own = after.filter(({ manager }) => manager === 'rollguard-ca');
        expect(after.filter(({ manager }) => manager !== 'rollguard-ca')).to.deep.equal(before);
        expect(own).to.have.length(1);
        const [{ fieldsV1 = {} } = {}] = own;
        const { 'f:webhooks': webhooks, ...others } = fieldsV1 as Record<string, unknown>;
        const caBundle = { 'f:clientConfig': { 'f:caBundle': {} } };
        expect(webhooks).to.deep.equal({
          'k:{"name":"a.certs-test.example"}': caBundle,
          'k:{"name":"b.certs-test.example"}': caBundle,
        });
        expect(Object.keys(others)).to.deep.equal(['f:metadata']);
        expect(Object.keys(others['f:metadata'] as object)).to.deep.equal(['f:ownerReferences']);
      });
    });
  }

  it('is published again within seconds when kubectl replace took it away', async () => {
    await kubectl(['create', '--filename=-'], configuration('a', 'b'));
    await replica(client()).start();
    await until('it is published', isPublished);
    await kubectl(['replace', '--filename=-'], configuration('b', 'a'));
    await until('it is published again', isPublished);
  });

  it('does not write where all is well', async () => {
    await kubectl(['create', '--filename=-'], configuration('a'));
    await replica(client()).start();
    await until('it is published', isPublished);
    const before = await read(configurationPath);
    await new Promise((resolve) => void setTimeout(resolve, 1_000));
    expect((await read(configurationPath))?.metadata.resourceVersion).to.equal(
      before?.metadata.resourceVersion,
    );
  });

  it('lets a configuration that was deleted stay deleted', async () => {
    await kubectl(['create', '--filename=-'], configuration('a'));
    await replica(client()).start();
    await until('it is published', isPublished);
    await kubectl(['delete', 'validatingwebhookconfiguration', 'certs-test']);
    await new Promise((resolve) => void setTimeout(resolve, 1_000));
    expect(await read(configurationPath)).to.equal(undefined);
  });
});
