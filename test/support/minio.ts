import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreCredentials, StoreTarget } from '../../src/io/object-store.ts';
import { componentsAvailability } from '../cluster/availability.ts';
import { createCertificateAuthority } from './certificates.ts';
import { findBinaries } from '../cluster/components.ts';
import { freePorts } from './free-ports.ts';
import { tellStderr } from '../cluster/test-cluster.ts';
import { signal, startProcess, waitUntilEnded, waitUntilReady } from './processes.ts';
import { groundTimeoutMs } from '../cluster/shared.ts';
import { bucketOf } from './bucket.ts';
import { skip } from './skip.ts';

/** A MinIO of this machine: a real S3 store with a certificate of its own CA. It ends with this process. */
export interface Minio {
  /** With an empty bucket, path-style. */
  readonly target: StoreTarget & { readonly endpoint: string; readonly bucket: string };
  readonly credentials: StoreCredentials;
  readonly port: number;
  stop(): Promise<void>;
}

export interface MinioOptions {
  /** The folder that holds the objects. Default: one of its own. */
  readonly data?: string;
  /** Default: on loopback only. */
  readonly address?: string;
}

/**
 * For a suite's `before` hook: starts MinIO, and builds it before if the cache does not have it, which
 * takes two to three minutes. Skips the suite where it cannot be built.
 */
export async function ownMinio(context: Mocha.Context, options: MinioOptions = {}): Promise<Minio> {
  context.timeout(groundTimeoutMs);
  const there = await componentsAvailability(['minio']);
  if (!there.available) skip(context, `${there.why}; ${there.remedy}`, 'minio');
  return startMinio(options);
}

export async function startMinio({ data, address = '127.0.0.1' }: MinioOptions = {}): Promise<Minio> {
  const { paths } = await findBinaries(['minio'], tellStderr);
  const directory = mkdtempSync(join(tmpdir(), 'rollguard-minio-'));
  const [port = 0] = await freePorts(1);
  const credentials = { accessKeyId: 'rollguard', secretAccessKey: 'not-a-secret' };
  const ca = await writeCertificates(directory, address);
  const environment = [
    `MINIO_ROOT_USER=${credentials.accessKeyId}`,
    `MINIO_ROOT_PASSWORD=${credentials.secretAccessKey}`,
    // Nothing is asked of the outside, and a disk that holds the system as well will do.
    'MINIO_BROWSER=off',
    'MINIO_UPDATE=off',
    'MINIO_CI_CD=on',
  ];
  const flags = [
    '--quiet',
    `--address=${address}:${port}`,
    `--certs-dir=${join(directory, 'certificates')}`,
    data ?? join(directory, 'data'),
  ];
  const command = ['env', ...environment, paths.minio, 'server', ...flags];
  const running = startProcess({ name: 'minio', command, logDirectory: directory });
  const server: Minio = {
    target: {
      provider: 's3',
      endpoint: `https://${address}:${port}`,
      bucket: 'snapshots',
      usePathStyle: true,
    },
    credentials: { ...credentials, ca },
    port,
    async stop() {
      signal(running, 'SIGKILL');
      await waitUntilEnded([running], 10_000);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await waitUntilReady(running, () => bucketOf(server).create(), 60_000);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Resolves to the CA. */
async function writeCertificates(directory: string, address: string): Promise<string> {
  const folder = join(directory, 'certificates');
  mkdirSync(folder);
  const authority = await createCertificateAuthority('store-ca');
  const { certificate, key } = await authority.issue({
    kind: 'server',
    name: 'localhost',
    addresses: ['localhost', '127.0.0.1', address],
  });
  writeFileSync(join(folder, 'public.crt'), certificate);
  writeFileSync(join(folder, 'private.key'), key);
  return authority.certificate;
}
