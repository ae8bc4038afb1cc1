import { existsSync } from 'node:fs';
import { mustRun } from '../../packaging/command.ts';
import { findInPath, type Progress } from './components.ts';

/** Debian's packages a node stands on, and a command or file by which to see that each is there. */
const packages: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  'containernetworking-plugins': '/usr/lib/cni/ptp',
  nftables: 'nft',
  iproute2: 'ip',
  mmdebstrap: 'mmdebstrap',
  // Its shell is the one of OpenBao's images: the start script is tested in it.
  busybox: '/bin/busybox',
};

export function missingPackages(): readonly string[] {
  return Object.entries(packages)
    .filter(([, sign]) => (sign.startsWith('/') ? !existsSync(sign) : findInPath(sign) === undefined))
    .map(([name]) => name);
}

/** Installs what is missing with apt-get. Needs root. */
export async function installMissingPackages(progress: Progress): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  progress(`installing with apt-get: ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await mustRun('apt-get', ['update', '--quiet'], { env });
  await mustRun('apt-get', ['install', '--quiet', '--yes', '--no-install-recommends', ...missing], { env });
}
