import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A stand-in for the API server: it answers every read with a namespace that carries no label. */
export const apiServer = http.createServer((_request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod', labels: {} } }),
  );
});

/** Starts it, and says how it is reached. */
export async function kubeconfig(): Promise<string> {
  await new Promise<void>((resolve) => apiServer.listen(0, '127.0.0.1', resolve));
  const { port } = apiServer.address() as AddressInfo;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    // Without it KubeConfig refuses plain HTTP, and nothing would be read.
    clusters: [
      { name: 'bench', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'bench', user: {} }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    'current-context': 'bench',
  });
}
