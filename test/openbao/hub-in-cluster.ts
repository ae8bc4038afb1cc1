import type { Ground } from '../cluster/test-cluster.ts';
import { hubInCluster } from './server/server.ts';

/** Image of the pod that holds the model; it is the one of a model's server. */
export const hubImage = 'rollguard.test/openbao-model:dev';

const [host = '', port = ''] = hubInCluster.split(':');
const [name = '', namespace = ''] = host.split('.');
const labels = { app: name };

const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: labels, ports: [{ port: Number(port) }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      containers: [
        {
          name: 'hub',
          image: hubImage,
          imagePullPolicy: 'IfNotPresent',
          command: ['bao', 'model-hub'],
          readinessProbe: { tcpSocket: { port: Number(port) }, periodSeconds: 1 },
        },
      ],
      terminationGracePeriodSeconds: 1,
    },
  },
];

/** Starts the hub of the model on the ground, where the images are already. A second call does nothing. */
export async function installHub(ground: Ground): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await must(ground, ['apply', '-f', '-'], input);
  await must(ground, ['-n', namespace, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s']);
}

async function must(ground: Ground, args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await ground.kubectl(args, input === undefined ? {} : { input });
  if (code !== 0)
    throw new Error(`the hub of the model of OpenBao did not start: kubectl ${args.join(' ')}: ${stderr}`);
}
