import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ApiError } from '../../src/io/kubernetes/kubernetes.ts';
import type { Ground, KubectlResult } from '../cluster/test-cluster.ts';
import { rollguardImage, rollguardTag } from '../cluster/images.ts';
import { askGate, succeed } from './gate.ts';

/** Where the image comes from in a cluster that is not ours: a reference that its nodes can pull. */
const imageVariable = 'ROLLGUARD_IMAGE';

export interface Installation {
  /** kubectl's words on what was applied. */
  readonly applied: string;
  /** Takes everything away again, with `kubectl delete -k`. */
  uninstall(): Promise<KubectlResult>;
}

/**
 * Installs one of the kustomizations under `manifests/` with an image that the cluster's
 * nodes have, and waits until the API server really reaches the webhook.
 *
 * @param kustomization for example `manifests/base`
 * @throws Error that says what is missing, or what did not become ready
 */
export async function install(
  ground: Ground,
  kustomization: string,
  tell: (line: string) => void,
): Promise<Installation> {
  const image = await provideImage(ground, tell);
  const folder = await writeKustomization(kustomization, image);
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const { stdout } = await succeed(ground.kubectl(['apply', '--server-side', '-k', folder]));
    tell('waiting for the webhook to be ready');
    await succeed(ground.kubectl(rolloutStatus));
    await untilReached(ground);
    return {
      applied: stdout,
      async uninstall() {
        const deleted = await ground.kubectl(['delete', '--ignore-not-found', '-k', folder], {
          timeoutMs: 120_000,
        });
        await removeFolder();
        return deleted;
      },
    };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

export const rolloutStatus = [
  'rollout',
  'status',
  'deployment/rollguard-webhook',
  '-n',
  'rollguard-system',
  '--timeout=300s',
] as const;

async function provideImage(ground: Ground, tell: (line: string) => void): Promise<string> {
  if (ground.isOwn) {
    tell("making Rollguard's image");
    await ground.loadImage(await rollguardImage(tell));
    return rollguardTag;
  }
  const image = process.env[imageVariable];
  if (image) return image;
  throw new Error(
    `this cluster is not ours, so its nodes have to pull Rollguard's image: build it from the Dockerfile, push it, and name it in ${imageVariable}`,
  );
}

/** A kustomization that adds nothing but the image. */
async function writeKustomization(base: string, image: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rollguard-install-'));
  const colon = image.indexOf(':', image.lastIndexOf('/') + 1);
  const [newName, newTag] =
    colon === -1 ? [image, 'latest'] : [image.slice(0, colon), image.slice(colon + 1)];
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    // kustomize takes no absolute paths.
    resources: [relative(folder, base)],
    images: [{ name: 'rollguard', newName, newTag }],
  };
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  return folder;
}

/** Ready pods are not enough: kube-proxy lags. Asked until the webhook itself answers, a few times in a row. */
export async function untilReached(ground: Ground, attempts = 600): Promise<void> {
  let last: ApiError | undefined;
  const client = connect({ kubeconfig: ground.kubeconfig });
  try {
    for (let attempt = 0, inARow = 0; attempt < attempts; attempt++) {
      last = await askGate(client);
      inARow = last?.reason === 'InvalidVersion' ? inARow + 1 : 0;
      if (inARow === 3) return;
      await sleep(100);
    }
  } finally {
    await client.close();
  }
  throw new Error(`the API server does not reach the webhook: ${last?.message ?? 'all is allowed'}`);
}
