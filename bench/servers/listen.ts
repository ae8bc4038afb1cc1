import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import type { RequestListener } from 'node:http';

/** Serves with the TLS and keep-alive of Rollguard, as `node server.js PORT FOLDER-WITH-CERTIFICATE`. */
export function listen(listener: RequestListener): void {
  const [port = '', tlsDir = ''] = process.argv.slice(2);
  const options = {
    cert: readFileSync(join(tlsDir, 'tls.crt')),
    key: readFileSync(join(tlsDir, 'tls.key')),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    keepAliveTimeout: 125_000,
  } as const;
  https.createServer(options, listener).listen(Number(port));
  process.once('SIGTERM', () => process.exit(0));
}

/** The least that any webhook answers. */
export const allowed = (review: unknown): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: (review as { request: { uid: string } }).request.uid, allowed: true },
});
