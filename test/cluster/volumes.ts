import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect, isConflict } from '../../src/io/kubernetes/kubernetes.ts';
import type { Ground } from './contract.ts';

interface Claim {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly spec: {
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

interface Volume {
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
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await provide(client, join(ground.directory, 'volumes')).catch(() => {
        // The API server may be restarting: the next round sees what is there.
      });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return async () => {
    stopping.abort();
    await running;
    await client.close();
  };
}

async function provide(client: ReturnType<typeof connect>, folder: string): Promise<void> {
  const claims = await client.list<Claim>('/api/v1/persistentvolumeclaims');
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
  const volumes = await client.list<Volume>('/api/v1/persistentvolumes', {
    query: { labelSelector: `${label}=folder` },
  });
  for (const { metadata, spec, status } of volumes) {
    if (status?.phase !== 'Released') continue;
    await client.remove(`/api/v1/persistentvolumes/${metadata.name}`);
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
