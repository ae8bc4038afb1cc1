import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../cache.ts';
import { mustRun } from '../command.ts';
import { packageRoot } from '../package-root.ts';
import {
  cachedLayer,
  inTemporaryFolder,
  nodeNames,
  packTar,
  type Architecture,
  type Image,
  type Layer,
} from './archive.ts';
import { parseDockerfile, type Dockerfile } from './dockerfile.ts';

/** @throws Error with these words before those of what went wrong */
const explained = <T>(words: string, work: Promise<T>): Promise<T> =>
  work.catch((cause: Error) => {
    throw new Error(`${words}: ${cause.message}`, { cause });
  });

type Progress = (line: string) => void;

const basePackages = ['ca-certificates', 'libstdc++6', 'curl'];
const leftOut = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

export const layerPath = (name: string) => join(cacheDirectory(), 'images', `${name}.tar`);
export const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The release of this machine's Debian, such as `bookworm`: its package sources serve the images too. */
function release(): string {
  return /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
}

/** A minimal Debian, made from packages in half a minute. Needs root. */
export async function debianLayer(architecture: Architecture, progress: Progress): Promise<Layer> {
  const suite = release();
  const name = `debian-${suite}-${shortHash([...basePackages, ...leftOut, nodeNames[architecture]].join(' '))}`;
  return cachedLayer(layerPath(name), async (unfinished) => {
    progress(`making a root file system of Debian ${suite} for ${architecture}`);
    const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].filter(existsSync);
    const flags = [
      '--variant=minbase',
      '--format=tar',
      `--architectures=${architecture}`,
      `--include=${basePackages.join(',')}`,
      ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    ];
    await explained(
      `no Debian for ${architecture} can be made here: that needs root, mmdebstrap, a mirror of Debian and, on a machine of another architecture, qemu-user-static with binfmt-support`,
      mustRun('mmdebstrap', [...flags, suite, unfinished, ...sources.slice(0, 1)]),
    );
  });
}

/** The packages of the Debian that an image's files come from, once it was made. */
export async function debianPackages(architecture: Architecture) {
  const { file } = await debianLayer(architecture, () => {});
  const status = await mustRun('tar', [
    '--extract',
    '--to-stdout',
    `--file=${file}`,
    './var/lib/dpkg/status',
  ]);
  return status
    .split('\n\n')
    .filter((entry) => entry.startsWith('Package: '))
    .map((entry) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(entry)?.[1] ?? '';
      return { name: field('Package'), version: field('Version'), architecture: field('Architecture') };
    });
}

interface NodePackage {
  readonly folder: string;
  readonly version: string;
}

/**
 * The package of Node.js that package-lock.json pins for an architecture: what npm has installed, or, for that of
 * another machine, fetched and held to the sum in the lock.
 *
 * @throws Error when it cannot be fetched, or is not what the lock says
 */
async function nodePackage(architecture: Architecture): Promise<NodePackage> {
  const { name, version } = pinnedNode(architecture);
  const installed = join(packageRoot, 'node_modules', name);
  if (existsSync(installed)) return { folder: installed, version };
  const kept = join(cacheDirectory(), 'node', `${name}-${version}`);
  if (!existsSync(kept))
    await explained(`${name} ${version} cannot be fetched`, fetchNode(architecture, kept));
  return { folder: join(kept, 'package'), version };
}

/** Fetches the package of Node.js into the folder. */
async function fetchNode(architecture: Architecture, kept: string): Promise<void> {
  const { name, version, integrity } = pinnedNode(architecture);
  await inTemporaryFolder(async (folder) => {
    const wanted = ['--json', `--pack-destination=${folder}`, `${name}@${version}`];
    const [{ filename }] = JSON.parse(await mustRun('npm', ['pack', ...wanted])) as [
      { readonly filename: string },
    ];
    const file = join(folder, filename);
    const sum = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (sum !== integrity) throw new Error(`its sum is ${sum}, and package-lock.json pins ${integrity}`);
    const unfinished = `${kept}.${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    await mustRun('tar', ['--extract', `--file=${file}`, `--directory=${unfinished}`, 'package/bin/node']);
    renameSync(unfinished, kept);
  });
}

/** What package-lock.json says of the package of Node.js for an architecture. */
export function pinnedNode(architecture: Architecture) {
  const name = `node-linux-${nodeNames[architecture]}`;
  const lock = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
  };
  const pinned = lock.packages[`node_modules/${name}`];
  if (pinned === undefined) throw new Error(`package-lock.json does not pin ${name}`);
  return { name, version: pinned.version, integrity: pinned.integrity };
}

/** Node.js, from the package that pins its version. As the lowest layer of two images it is unpacked once. */
export async function nodeLayer(architecture: Architecture): Promise<Layer> {
  const { folder, version } = await nodePackage(architecture);
  return cachedLayer(layerPath(`node-${version}-${nodeNames[architecture]}`), (unfinished) =>
    inTemporaryFolder(async (root) => {
      copyInto(root, join(folder, 'bin/node'), 'usr/local/bin/node');
      await packTar(unfinished, root, ['.']);
    }),
  );
}

/** Copies a file or a folder to a path of an image's root file system. */
export function copyInto(root: string, source: string, destination: string): void {
  const target = join(root, destination);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target, { recursive: true });
}

/**
 * Rollguard's own image for an architecture: what the Dockerfile says, made from this checkout without a container
 * engine. Only the layer of the program is made anew each time.
 *
 * @param bundle the folder that `npm run bundle` makes
 * @param folder where the layer of the program is written; the others are kept in the cache
 */
export async function programImage(
  architecture: Architecture,
  bundle: string,
  folder: string,
  progress: Progress,
): Promise<Omit<Image, 'tags'>> {
  const dockerfile = parseDockerfile(readFileSync(join(packageRoot, 'Dockerfile'), 'utf8'));
  const runtime = await runtimeLayer(architecture, dockerfile, progress);
  const app = await appLayer(join(folder, 'app.tar'), bundle, dockerfile);
  return { layers: [await nodeLayer(architecture), runtime, app], config: dockerfile.config };
}

/** What Node.js needs beside it: the commands of the stage `runtime`, run in the Debian layer. */
async function runtimeLayer(
  architecture: Architecture,
  dockerfile: Dockerfile,
  progress: Progress,
): Promise<Layer> {
  const debian = await debianLayer(architecture, progress);
  const { folder, version } = await nodePackage(architecture);
  // The packages the stage installs are in that layer already.
  const commands = dockerfile.commandsOf('runtime').filter((command) => !command.includes('apt-get'));
  const key = shortHash([debian.digest, version, ...commands].join(' '));
  return cachedLayer(layerPath(`runtime-${key}`), (unfinished) =>
    inTemporaryFolder(async (root) => {
      await mustRun('tar', ['--extract', `--file=${debian.file}`, `--directory=${root}`]);
      copyInto(root, join(folder, 'bin/node'), 'runtime/usr/local/bin/node');
      for (const command of commands) await mustRun('chroot', [root, 'sh', '-e', '-c', command]);
      rmSync(join(root, 'runtime/usr/local'), { recursive: true });
      await packTar(unfinished, join(root, 'runtime'), ['.']);
    }),
  );
}

/** What the image copies from the stage `build`: the bundle. */
async function appLayer(file: string, bundle: string, { copies }: Dockerfile): Promise<Layer> {
  return cachedLayer(file, (unfinished) =>
    inTemporaryFolder(async (root) => {
      for (const { stage, destination } of copies) {
        if (stage === 'build') copyInto(root, bundle, destination);
      }
      await packTar(unfinished, root, ['.']);
    }),
  );
}
