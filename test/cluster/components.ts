import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheDirectory } from '../../packaging/cache.ts';
import { kubernetesModule } from './kubernetes-module.ts';
import { otherKubernetes } from '../support/kubernetes-version.ts';
import { mustRun, runCommand } from '../../packaging/command.ts';
import { packageRoot } from '../../packaging/package-root.ts';

export type Progress = (line: string) => void;

/** A Go module of `components/`: a go.mod and a go.sum that pin what is built, and no source of its own. */
type ModuleName = 'etcd' | 'kubernetes' | 'coredns' | 'minio' | 'lua' | 'helm3';

/** The module whose version in go.mod is the component's version. */
const versionedModule: Readonly<Record<ModuleName, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  kubernetes: 'k8s.io/kubernetes',
  coredns: 'github.com/coredns/coredns',
  minio: 'github.com/minio/minio',
  lua: 'github.com/yuin/gopher-lua',
  helm3: 'helm.sh/helm/v3',
};

interface Component {
  readonly module: ModuleName;
  /** The Go package of its main function. */
  readonly package: string;
  readonly versionArgs: readonly string[];
}

const kubernetes = (name: string, versionArgs: readonly string[] = ['--version']): Component => ({
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  versionArgs,
});

const components = {
  etcd: { module: 'etcd', package: 'go.etcd.io/etcd/server/v3', versionArgs: ['--version'] },
  'kube-apiserver': kubernetes('kube-apiserver'),
  kubectl: kubernetes('kubectl', ['version', '--client']),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubelet: kubernetes('kubelet'),
  'kube-proxy': kubernetes('kube-proxy'),
  coredns: { module: 'coredns', package: 'github.com/coredns/coredns', versionArgs: ['-version'] },
  minio: { module: 'minio', package: 'github.com/minio/minio', versionArgs: ['--version'] },
  glua: { module: 'lua', package: 'github.com/yuin/gopher-lua/cmd/glua', versionArgs: ['-v'] },
  helm3: { module: 'helm3', package: 'helm.sh/helm/v3/cmd/helm', versionArgs: ['version', '--short'] },
} as const satisfies Record<string, Component>;

export type ComponentName = keyof typeof components;

export const controlPlaneComponents = [
  'etcd',
  'kube-apiserver',
  'kubectl',
] as const satisfies ComponentName[];
export const nodeComponents = [
  ...controlPlaneComponents,
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
] as const satisfies ComponentName[];

/** The paths of the binaries, by name, and one line on where they came from. */
export interface Binaries<Name extends ComponentName> {
  readonly paths: Readonly<Record<Name, string>>;
  readonly source: string;
}

/**
 * Finds each binary: in the folder KUBEBUILDER_ASSETS names (where another Kubernetes is asked for, only of that
 * version), in the cache, in PATH when its version is the one that is used, and else builds it into the cache.
 */
export async function findBinaries<Name extends ComponentName>(
  names: readonly Name[],
  progress: Progress,
): Promise<Binaries<Name>> {
  const paths: Partial<Record<Name, string>> = {};
  const byPlace = new Map<string, string[]>();
  for (const name of names) {
    const found = (await findBinary(name)) ?? (await buildBinary(name, progress));
    paths[name] = found.path;
    byPlace.set(found.place, [...(byPlace.get(found.place) ?? []), name]);
  }
  const all = byPlace.size === 1;
  const source = [...byPlace]
    .map(([place, list]) => `${all ? 'all' : list.join(', ')} from ${place}`)
    .join('; ');
  return { paths: paths as Record<Name, string>, source };
}

interface FoundBinary {
  readonly path: string;
  readonly place: string;
}

/** The binary where it already is, or undefined when it would have to be built. */
export async function findBinary(name: ComponentName): Promise<FoundBinary | undefined> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const named = join(assets ?? '', name);
  if (assets !== undefined && isExecutable(named)) {
    const isAny = !isOther(components[name].module);
    if (isAny || (await isOfVersion(named, name))) {
      return { path: named, place: `KUBEBUILDER_ASSETS (${assets})` };
    }
  }
  const cached = cachedPath(name);
  if (isExecutable(cached)) return { path: cached, place: `the cache (${cacheDirectory()})` };
  const inPath = findInPath(name);
  if (inPath === undefined) return undefined;
  return (await isOfVersion(inPath, name)) ? { path: inPath, place: 'PATH' } : undefined;
}

async function isOfVersion(path: string, name: ComponentName): Promise<boolean> {
  const { module, versionArgs } = components[name];
  const { stdout } = await runCommand(path, versionArgs, { timeoutMs: 10_000 });
  return isVersion(stdout, versionOf(module));
}

/** Whether a component's answer to its version flag names this version. */
function isVersion(output: string, version: string): boolean {
  return output.split(/[\s-]/).some((word) => word.replace(/^v/, '') === version.replace(/^v/, ''));
}

export function findInPath(command: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, command))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const moduleDirectory = (module: ModuleName) => join(packageRoot, 'test', 'cluster', 'components', module);
const readModule = (module: ModuleName) => readFileSync(join(moduleDirectory(module), 'go.mod'), 'utf8');

/** The version that is used, such as `v1.36.3`: the one go.mod pins, unless ROLLGUARD_KUBERNETES names another. */
export function versionOf(module: ModuleName): string {
  const pinned = pinnedVersion(module);
  return (module === 'kubernetes' ? otherKubernetes(pinned) : undefined) ?? pinned;
}

function pinnedVersion(module: ModuleName): string {
  const path = versionedModule[module];
  const match = readModule(module).match(new RegExp(`^(?:require )?\\s*${path} (v\\S+)`, 'm'));
  if (match?.[1] === undefined) throw new Error(`${moduleDirectory(module)}/go.mod does not name ${path}`);
  return match[1];
}

/** The Go release the modules ask for, such as `1.26.0`. */
export function requiredGo(): string {
  return /^go (\S+)$/m.exec(readModule('kubernetes'))?.[1] ?? '';
}

function linkerFlags(module: ModuleName): string {
  if (module !== 'kubernetes') return '-s -w';
  // Without the stamp the server says that it is v0.0.0.
  const version = versionOf('kubernetes');
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const variable = 'k8s.io/component-base/version';
  return `-s -w -X ${variable}.gitVersion=${version} -X ${variable}.gitMajor=${major} -X ${variable}.gitMinor=${minor}`;
}

/** Of another Kubernetes the release says what it is made from; of what is pinned, the files that pin it. */
function cachedPath(name: ComponentName): string {
  const { module } = components[name];
  const made = createHash('sha256');
  if (isOther(module)) made.update(versionOf(module));
  else made.update(readModule(module)).update(readFileSync(join(moduleDirectory(module), 'go.sum')));
  const hash = made
    .update(`${linkerFlags(module)} ${process.platform} ${process.arch}`)
    .digest('hex')
    .slice(0, 16);
  return join(cacheDirectory(), `${module}-${hash}`, name);
}

const isOther = (module: ModuleName) => versionOf(module) !== pinnedVersion(module);

/** Builds one component into the cache. The kube-apiserver takes four minutes on two cores, the others less. */
async function buildBinary(name: ComponentName, progress: Progress): Promise<FoundBinary> {
  const component: Component = components[name];
  const path = cachedPath(name);
  const unfinished = `${path}.${process.pid}`;
  mkdirSync(join(path, '..'), { recursive: true });
  const started = Date.now();
  const tell = (what: string) => {
    const elapsedS = Math.round((Date.now() - started) / 1000);
    progress(`${name} ${versionOf(component.module)}: ${what}, ${elapsedS} s`);
  };
  tell('building from its Go module');
  const ticker = setInterval(() => tell('building'), 15_000);
  try {
    const flags = ['-trimpath', '-ldflags', linkerFlags(component.module), '-o', unfinished];
    await mustRun('go', ['build', ...flags, component.package], {
      directory: isOther(component.module)
        ? await kubernetesModule(versionOf(component.module))
        : moduleDirectory(component.module),
      env: { ...process.env, CGO_ENABLED: '0' },
    });
  } finally {
    clearInterval(ticker);
  }
  renameSync(unfinished, path);
  tell('built');
  return { path, place: `its Go module, built into the cache (${cacheDirectory()})` };
}
