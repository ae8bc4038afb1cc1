import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../../packaging/command.ts';
import { findBinary, findBinaries, findInPath, type Progress } from './components.ts';
import type { Ground, GroundSize } from './contract.ts';
import { kubectlFor } from './kubectl.ts';
import { createStateDirectory, removeGround, writeRecord } from './state.ts';

/** A cluster the caller names. Nothing is started on it and nothing stopped. */
export async function useForeignCluster(
  size: GroundSize,
  kubeconfigs: string,
  progress: Progress,
): Promise<Ground> {
  const binary = await anyKubectl(progress);
  const directory = createStateDirectory();
  const env = { ...process.env, KUBECONFIG: kubeconfigs };
  const view = ['config', 'view', '--raw', '--minify', '--flatten', '--output=json'];
  const kubeconfig = join(directory, 'kubeconfig');
  try {
    const flattened = await mustRun(binary, view, { env });
    writeFileSync(kubeconfig, flattened, { mode: 0o600 });
    const context = (JSON.parse(flattened) as { 'current-context': string })['current-context'];
    const source = `the cluster of the context ${context} of KUBECONFIG`;
    writeRecord(directory, { size, source, kept: false, processes: {} });
    let impersonations = 0;
    return {
      size,
      isOwn: false,
      kubeconfig,
      directory,
      source,
      hostAddress: process.env['ROLLGUARD_HOST_ADDRESS'] ?? outsideAddress(),
      kubectl: kubectlFor(binary, kubeconfig, directory),
      async kubeconfigFor(user, groups) {
        impersonations += 1;
        const file = join(directory, `kubeconfig-${impersonations}`);
        writeFileSync(file, impersonating(flattened, user, groups), { mode: 0o600 });
        return file;
      },
      loadImage: () => Promise.reject(new Error(`images come to ${source} by its own means, not from here`)),
      restartApiServer: () => Promise.reject(new Error(`the API server of ${source} is not ours to restart`)),
      stop: () => removeGround(directory, undefined),
    };
  } catch (error) {
    await removeGround(directory, undefined);
    throw error;
  }
}

/** For a cluster of whatever version any kubectl will do. */
export async function anyKubectl(progress: Progress): Promise<string> {
  const found = (await findBinary('kubectl'))?.path ?? findInPath('kubectl');
  return found ?? (await findBinaries(['kubectl'], progress)).paths.kubectl;
}

/** We cannot issue certificates here, but may act as the user. */
function impersonating(kubeconfig: string, user: string, groups: readonly string[]): string {
  const config = JSON.parse(kubeconfig) as { users: { user: Record<string, unknown> }[] };
  const users = config.users.map((entry) => ({
    ...entry,
    user: { ...entry.user, as: user, 'as-groups': groups },
  }));
  return JSON.stringify({ ...config, users });
}

/** The first address of this machine that others may reach; ROLLGUARD_HOST_ADDRESS says a better one. */
function outsideAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}
