import { writeFileSync } from 'node:fs';
import type { KeyPair } from './certificates.ts';

/** What a person or a component needs to reach an API server. All values PEM, `server` a URL. */
export interface Access extends KeyPair {
  readonly server: string;
  readonly authority: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Writes a kubeconfig that holds everything itself. JSON is YAML. */
export function writeKubeconfig(file: string, { server, authority, certificate, key }: Access): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'rollguard-ground',
    contexts: [{ name: 'rollguard-ground', context: { cluster: 'rollguard-ground', user: 'user' } }],
    clusters: [
      { name: 'rollguard-ground', cluster: { server, 'certificate-authority-data': base64(authority) } },
    ],
    users: [
      {
        name: 'user',
        user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
      },
    ],
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}
