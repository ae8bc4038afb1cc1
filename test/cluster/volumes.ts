import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import { informer } from '../../src/controller/runtime/informer.ts';
import {
  connect,
  isConflict,
  isNotFound,
  type KubernetesClient,
} from '../../src/io/kubernetes/kubernetes.ts';
import type { Ground } from './contract.ts';

interface Claim extends KubernetesObject {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly spec: {
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

interface Volume extends KubernetesObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly hostPath?: { readonly path: string } };
  readonly status?: { readonly phase?: string };
}

const label = 'rollguard.test/volumes';

/**
 * Provides volumes on a ground of this machine, which has no storage class: a folder for each claim
 * that waits, gone with it. A cluster that is not ours has a provisioner of its own.
 *
 * @returns ends it; the volumes stay
 */
export function provideVolumes(ground: Ground): () => Promise<void> {
  if (!ground.isOwn) return () => Promise.resolve();
  const client = connect({ kubeconfig: ground.kubeconfig });
  const stopping = new AbortController();
  const logger = pino({ level: 'silent' });
  const claims = informer<Claim>({ client, path: '/api/v1/persistentvolumeclaims', logger });
  const volumes = informer<Volume>({
    client,
    path: '/api/v1/persistentvolumes',
    labelSelector: `${label}=folder`,
    logger,
  });
  let wake = () => {};
  for (const collection of [claims, volumes]) collection.onChange(() => wake());
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      try {
        await provide(client, claims.values(), volumes.values(), join(ground.directory, 'volumes'));
        await changed;
      } catch {
        // The API server may be restarting.
        await sleep(200);
      }
    }
  })();
  const watching = [claims, volumes].map((collection) => collection.run(stopping.signal));
  return async () => {
    stopping.abort();
    wake();
    await Promise.all([running, ...watching]);
    await client.close();
  };
}

async function provide(
  client: KubernetesClient,
  claims: Iterable<Claim>,
  volumes: Iterable<Volume>,
  folder: string,
): Promise<void> {
  for (const { metadata, spec } of claims) {
    if (spec.volumeName !== undefined || (spec.storageClassName ?? '') !== '') continue;
    const path = join(folder, metadata.uid);
    mkdirSync(path, { recursive: true });
    // hostPath knows no fsGroup.
    chmodSync(path, 0o777);
    await client
      .create('/api/v1/persistentvolumes', volumeFor({ metadata, spec }, path))
      .catch((error: unknown) => {
        if (!isConflict(error)) throw error;
      });
  }
  for (const { metadata, spec, status } of volumes) {
    if (status?.phase !== 'Released') continue;
    await client.remove(`/api/v1/persistentvolumes/${metadata.name}`).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    if (spec.hostPath !== undefined) rmSync(spec.hostPath.path, { recursive: true, force: true });
  }
}

function volumeFor({ metadata, spec }: Claim, path: string): object {
  const { namespace, name, uid } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `claim-${uid}`, labels: { [label]: 'folder' } },
    spec: {
      capacity: spec.resources.requests,
      accessModes: spec.accessModes,
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path, type: 'Directory' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
    },
  };
}
