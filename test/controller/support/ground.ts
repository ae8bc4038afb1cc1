import type { Ground } from '../../cluster/test-cluster.ts';
import { connect, type StreamingClient } from '../../../src/io/kubernetes/kubernetes.ts';
import { untilEstablished } from '../../support/crds.ts';
import { succeed } from '../../support/gate.ts';
import { ownGround } from '../../support/own-ground.ts';

/** A real API server, a namespace of one's own in it, and clients that are closed in the end. */
export interface ControllerGround {
  readonly ground: Ground;
  readonly namespace: string;
  readonly client: StreamingClient;
  /** Another client, by this kubeconfig; closed in the end. */
  connect(kubeconfig?: string): StreamingClient;
  /** Creates a ConfigMap. */
  create(
    name: string,
    fields?: { labels?: Record<string, string>; data?: Record<string, string> },
  ): Promise<void>;
  set(name: string, data: Record<string, string>): Promise<void>;
  remove(name: string): Promise<void>;
  /** The path of the namespace's ConfigMaps. */
  readonly configMaps: string;
  /** Installs the CRD of OpenBaoCluster. */
  installCrd(): Promise<void>;
  close(): Promise<void>;
}

/** For a suite's `before` hook. */
export async function controllerGround(context: Mocha.Context, namespace: string): Promise<ControllerGround> {
  const ground = await ownGround(context, 'control-plane');
  const clients: StreamingClient[] = [];
  const open = (kubeconfig = ground.kubeconfig) => {
    const client = connect({ kubeconfig });
    clients.push(client);
    return client;
  };
  const client = open();
  await client.create('/api/v1/namespaces', { metadata: { name: namespace } });
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
  return {
    ground,
    namespace,
    client,
    connect: open,
    configMaps,
    create: async (name, { labels = {}, data = {} } = {}) =>
      void (await client.create(configMaps, { metadata: { name, labels }, data })),
    set: async (name, data) =>
      void (await client.request({ method: 'PATCH', path: `${configMaps}/${name}`, body: { data } })),
    remove: async (name) => void (await client.remove(`${configMaps}/${name}`)),
    async installCrd() {
      const crd = 'manifests/crds/openbaoclusters.yaml';
      await succeed(ground.kubectl(['apply', '--server-side', '-f', crd]));
      await untilEstablished(ground, 'openbaoclusters.openbao.org');
    },
    async close() {
      await client.remove(`/api/v1/namespaces/${namespace}`);
      await Promise.all(clients.map((each) => each.close()));
    },
  };
}
