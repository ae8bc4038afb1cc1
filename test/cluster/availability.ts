import { readFileSync } from 'node:fs';
import { runCommand } from '../../packaging/command.ts';
import {
  controlPlaneComponents,
  findBinary,
  findInPath,
  nodeComponents,
  requiredGo,
  type ComponentName,
} from './components.ts';
import type { GroundSize } from './contract.ts';
import { anyKubectl } from './foreign.ts';
import { missingPackages } from './packages.ts';

/** Whether a ground can be had here, and if not, what is missing and what would bring it. */
export type Availability =
  { readonly available: true } | { readonly available: false; readonly why: string; readonly remedy: string };

type Obstacle = Extract<Availability, { available: false }>;

const obstacle = (why: string, remedy: string): Obstacle => ({ available: false, why, remedy });
const nameCluster = 'or name a cluster with KUBECONFIG';

/** Looks without changing anything: binaries that would be built and packages that would be installed count as there. */
export async function availability(size: GroundSize): Promise<Availability> {
  const foreign = process.env['KUBECONFIG'] ?? '';
  const found = foreign === '' ? await localObstacle(size) : await foreignObstacle(size);
  return found ?? { available: true };
}

async function localObstacle(size: GroundSize): Promise<Obstacle | undefined> {
  if (process.platform !== 'linux') {
    return obstacle(`this machine runs ${process.platform}`, `run on Linux, ${nameCluster}`);
  }
  if (findInPath('setpriv') === undefined) {
    return obstacle('the command setpriv is missing', 'install the package util-linux');
  }
  if (size === 'control-plane') return binariesObstacle(controlPlaneComponents);
  return (await privilegeObstacle()) ?? packagesObstacle() ?? binariesObstacle(nodeComponents);
}

/** Whether these components are there or can be built. */
export async function componentsAvailability(names: readonly ComponentName[]): Promise<Availability> {
  return (await binariesObstacle(names)) ?? { available: true };
}

async function binariesObstacle(names: readonly ComponentName[]): Promise<Obstacle | undefined> {
  const found = await Promise.all(names.map(findBinary));
  const missing = names.filter((_, index) => found[index] === undefined);
  if (missing.length === 0) return undefined;
  const need = `${missing.join(', ')} would be built, which needs Go ${requiredGo()} or newer`;
  const remedy = `install Go, name a folder that holds them with KUBEBUILDER_ASSETS, ${nameCluster}`;
  if (findInPath('go') === undefined) return obstacle(`${need}, and there is no go in PATH`, remedy);
  const { stdout } = await runCommand('go', ['env', 'GOVERSION', 'GOTOOLCHAIN']);
  const [version = '', toolchain = ''] = stdout.trim().split('\n');
  // With another setting of GOTOOLCHAIN the go command fetches the toolchain a go.mod asks for.
  const fetches = toolchain === 'auto' && isAtLeast(version.replace('go', ''), '1.21');
  if (fetches || isAtLeast(version.replace('go', ''), requiredGo())) return undefined;
  return obstacle(`${need}, and this is ${version} with GOTOOLCHAIN=${toolchain}`, remedy);
}

/** Whether a Go release is this one or a newer one. Both as `1.26.8`. */
function isAtLeast(version: string, wanted: string): boolean {
  const [have, want] = [version, wanted].map((text) =>
    text.split('.').map((part) => parseInt(part, 10) || 0),
  );
  for (const [index, part] of (want ?? []).entries()) {
    const own = have?.[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

async function privilegeObstacle(): Promise<Obstacle | undefined> {
  if (process.getuid?.() !== 0) {
    return obstacle('a node needs root, and this is another user', `run as root, ${nameCluster}`);
  }
  const { code, stderr } = await runCommand('unshare', ['--net', '--mount', '--pid', '--fork', 'true']);
  if (code === 0) return undefined;
  return obstacle(`namespaces cannot be made: ${stderr.trim()}`, `run with CAP_SYS_ADMIN, ${nameCluster}`);
}

function packagesObstacle(): Obstacle | undefined {
  const missing = missingPackages();
  if (missing.length === 0 || isDebian()) return undefined;
  const list = missing.join(', ');
  return obstacle(
    `${list} missing, and this is not Debian to install them by itself`,
    `install ${list}, ${nameCluster}`,
  );
}

function isDebian(): boolean {
  if (findInPath('apt-get') === undefined) return false;
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

async function foreignObstacle(size: GroundSize): Promise<Obstacle | undefined> {
  const kubectl = await anyKubectl(() => {});
  const { code, stdout, stderr } = await runCommand(kubectl, ['get', 'nodes', '--output=name'], {
    timeoutMs: 20_000,
  });
  if (code !== 0) {
    return obstacle(
      `the cluster KUBECONFIG names does not answer: ${stderr.trim()}`,
      'unset KUBECONFIG or correct it',
    );
  }
  if (size === 'control-plane' || stdout.trim() !== '') return undefined;
  return obstacle('the cluster KUBECONFIG names has no node', 'name another cluster, or unset KUBECONFIG');
}
