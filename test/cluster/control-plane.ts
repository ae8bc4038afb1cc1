import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { CertificateAuthority, KeyPair } from '../support/certificates.ts';
import { createCertificateAuthority, createSigningKey } from '../support/certificates.ts';
import { startProcess, waitUntilReady, type GroundProcess } from '../support/processes.ts';

/** Where an API server listens and what it hands out. */
export interface ControlPlaneNetwork {
  /** The address it is reached at, by everyone. */
  readonly address: string;
  readonly port: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  /** The subnet of Service addresses, and the first one, which is the API server's own Service. */
  readonly services: string;
  readonly firstService: string;
}

/** The files the API server and its clients share. */
export interface ControlPlaneFiles {
  readonly directory: string;
  readonly authority: CertificateAuthority;
  readonly administrator: KeyPair;
}

/** The cluster's certificates, in `directory/certificates`. */
export async function writeCertificates(
  directory: string,
  { address, firstService }: ControlPlaneNetwork,
): Promise<ControlPlaneFiles> {
  const authority = await createCertificateAuthority('rollguard-ground');
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'];
  const [administrator, server, kubeletClient, signingKey] = await Promise.all([
    authority.issue({ kind: 'client', user: 'administrator', groups: ['system:masters'] }),
    authority.issue({
      kind: 'server',
      name: 'kube-apiserver',
      addresses: [...names, ...new Set(['127.0.0.1', firstService, address])],
    }),
    authority.issue({ kind: 'client', user: 'kube-apiserver', groups: ['system:masters'] }),
    createSigningKey(),
  ]);
  mkdirSync(join(directory, 'certificates'));
  const write = (name: string, text: string) =>
    writeFileSync(join(directory, 'certificates', name), text, { mode: 0o600 });
  write('ca.crt', authority.certificate);
  write('apiserver.crt', server.certificate);
  write('apiserver.key', server.key);
  write('kubelet-client.crt', kubeletClient.certificate);
  write('kubelet-client.key', kubeletClient.key);
  write('service-account.key', signingKey.privateKey);
  write('service-account.pub', signingKey.publicKey);
  return { directory, authority, administrator };
}

export function startEtcd(
  binary: string,
  prefix: readonly string[],
  directory: string,
  { etcdPort, etcdPeerPort }: ControlPlaneNetwork,
): GroundProcess {
  const client = `http://127.0.0.1:${etcdPort}`;
  const peer = `http://127.0.0.1:${etcdPeerPort}`;
  const command = [
    binary,
    '--name=ground',
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=ground=${peer}`,
    // The ground lives as long as its machine's power: it need not outlive it.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  return startProcess({ name: 'etcd', prefix, command, logDirectory: join(directory, 'logs') });
}

/** Starts the API server without waiting for it. Each further flag stands after, and so above, those here. */
export function startApiServer(
  binary: string,
  prefix: readonly string[],
  { directory }: ControlPlaneFiles,
  network: ControlPlaneNetwork,
  furtherFlags: readonly string[],
): GroundProcess {
  const certificate = (name: string) => join(directory, 'certificates', name);
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const command = [
    binary,
    `--etcd-servers=http://127.0.0.1:${network.etcdPort}`,
    `--secure-port=${network.port}`,
    `--bind-address=${network.address === '127.0.0.1' ? '127.0.0.1' : '0.0.0.0'}`,
    `--advertise-address=${network.address}`,
    `--service-cluster-ip-range=${network.services}`,
    `--cert-dir=${join(directory, 'certificates')}`,
    `--tls-cert-file=${certificate('apiserver.crt')}`,
    `--tls-private-key-file=${certificate('apiserver.key')}`,
    `--client-ca-file=${certificate('ca.crt')}`,
    `--kubelet-certificate-authority=${certificate('ca.crt')}`,
    `--kubelet-client-certificate=${certificate('kubelet-client.crt')}`,
    `--kubelet-client-key=${certificate('kubelet-client.key')}`,
    `--service-account-issuer=${issuer}`,
    `--service-account-key-file=${certificate('service-account.pub')}`,
    `--service-account-signing-key-file=${certificate('service-account.key')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--profiling=false',
    // Nobody here has to be protected from anybody's many requests.
    '--enable-priority-and-fairness=false',
    ...furtherFlags,
  ];
  return startProcess({ name: 'kube-apiserver', prefix, command, logDirectory: join(directory, 'logs') });
}

/** Waits until the API server says it is ready and the namespace every client starts from is there. */
export async function waitForApiServer(
  apiServer: GroundProcess,
  files: ControlPlaneFiles,
  { address, port }: ControlPlaneNetwork,
): Promise<void> {
  const isOk = (path: string) => answersOk(`https://${address}:${port}${path}`, files);
  await waitUntilReady(apiServer, () => isOk('/readyz'), 120_000);
  await waitUntilReady(apiServer, () => isOk('/api/v1/namespaces/default'), 30_000);
}

function answersOk(url: string, { authority, administrator }: ControlPlaneFiles): Promise<boolean> {
  return new Promise((resolve) => {
    const options = {
      ca: authority.certificate,
      cert: administrator.certificate,
      key: administrator.key,
      agent: false,
      timeout: 5000,
    };
    const asked = request(url, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
