import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const account = '/var/run/secrets/kubernetes.io/serviceaccount';
const retryMs = 5000;

type Labels = Readonly<Record<string, string>>;

/**
 * Keeps labels on this process's own pod, as OpenBao's service registration does: the last wish wins, a
 * failed patch is tried again after 5 s.
 */
export function labelOwnPod(log: (line: string) => void): (labels: Labels) => void {
  const host = process.env['KUBERNETES_SERVICE_HOST'];
  const pod = process.env['BAO_K8S_POD_NAME'];
  const namespace = process.env['BAO_K8S_NAMESPACE'];
  if (host === undefined || pod === undefined || namespace === undefined) return () => undefined;
  let wanted: Labels = {};
  let busy = false;
  const next = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    const labels = wanted;
    const fault = await patch(host, namespace, pod, labels).catch((error: unknown) => String(error));
    busy = false;
    if (fault !== undefined) log(`labels of pod ${pod}: ${fault}`);
    if (labels !== wanted) void next();
    else if (fault !== undefined) setTimeout(() => void next(), retryMs).unref();
  };
  return (labels) => {
    wanted = labels;
    void next();
  };
}

/** What went wrong, or undefined. */
function patch(host: string, namespace: string, pod: string, labels: Labels): Promise<string | undefined> {
  const options = {
    host,
    port: process.env['KUBERNETES_SERVICE_PORT'] ?? '443',
    path: `/api/v1/namespaces/${namespace}/pods/${pod}`,
    method: 'PATCH',
    ca: readFileSync(`${account}/ca.crt`),
    timeout: retryMs,
    headers: {
      Authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8')}`,
      'Content-Type': 'application/merge-patch+json',
    },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status < 300 ? undefined : `the API server answered ${status}`);
    });
    sent.on('error', reject).on('timeout', () => sent.destroy(new Error('timed out')));
    sent.end(JSON.stringify({ metadata: { labels } }));
  });
}
