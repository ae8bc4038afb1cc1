import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  cachedLayer,
  inTemporaryFolder,
  packTar,
  writeArchive,
  type Image,
  type ImageConfig,
  type Layer,
} from './archive.ts';
import { programBundle } from './bundle.ts';
import { cacheDirectory, removeOld } from './cache.ts';
import { mustRun } from '../support/command.ts';
import type { Progress } from './components.ts';
import { parseDockerfile, type Dockerfile } from '../support/dockerfile.ts';
import { packageRoot } from '../support/package-root.ts';

/** The image of a pod's sandbox, which holds its namespaces open. */
export const pauseTag = 'rollguard.test/pause:dev';
/** A Debian with curl and Node.js, for the pods of tests. */
export const baseTag = 'rollguard.test/base:dev';
/** Rollguard itself. */
export const rollguardTag = 'rollguard:dev';

const basePackages = ['ca-certificates', 'libstdc++6', 'curl'];
const leftOut = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

const layerPath = (name: string) => join(cacheDirectory(), 'images', `${name}.tar`);
const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The release of this machine's Debian, such as `bookworm`: its package sources serve the images too. */
function release(): string {
  return /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
}

/** A minimal Debian, made from packages in half a minute. Needs root. */
async function debianLayer(progress: Progress): Promise<Layer> {
  const suite = release();
  const name = `debian-${suite}-${shortHash([...basePackages, ...leftOut, process.arch].join(' '))}`;
  return cachedLayer(layerPath(name), async (unfinished) => {
    progress(`making a root file system of Debian ${suite}`);
    const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].filter(existsSync);
    await mustRun('mmdebstrap', [
      '--variant=minbase',
      '--format=tar',
      `--include=${basePackages.join(',')}`,
      ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
      suite,
      unfinished,
      ...sources.slice(0, 1),
    ]);
  });
}

/** `sleep` and the C library it needs. */
async function pauseLayer(progress: Progress): Promise<Layer> {
  const debian = await debianLayer(progress);
  return cachedLayer(layerPath(`pause-${debian.digest.slice(7, 23)}`), (unfinished) =>
    inTemporaryFolder(async (folder) => {
      const wanted = [
        './lib',
        './lib64',
        './usr/lib64',
        './usr/bin/sleep',
        '*/ld-linux-*.so.*',
        '*/libc.so.6',
      ];
      // Not every architecture has a lib64, and tar minds a pattern without a match only at its end.
      const flags = ['--wildcards', '--no-recursion', `--directory=${folder}`, `--file=${debian.file}`];
      await mustRun('sh', [
        '-c',
        'tar --extract "$@" 2>/dev/null; test -x "$0"',
        join(folder, 'usr/bin/sleep'),
        ...flags,
        ...wanted,
      ]);
      await packTar(unfinished, folder, ['.']);
    }),
  );
}

/** The archive of the image `pauseTag` names. */
export async function pauseImage(progress: Progress): Promise<string> {
  const layer = await pauseLayer(progress);
  return cachedArchive('pause', {
    tags: [pauseTag],
    layers: [layer],
    config: { Entrypoint: ['/usr/bin/sleep', 'infinity'] },
  });
}

const nodePackage = () => join(packageRoot, 'node_modules', `node-linux-${process.arch}`);

function nodeVersion(): string {
  return (JSON.parse(readFileSync(join(nodePackage(), 'package.json'), 'utf8')) as { version: string })
    .version;
}

/** Node.js, from the package that pins its version. As the lowest layer of two images it is unpacked once. */
function nodeLayer(): Promise<Layer> {
  return cachedLayer(layerPath(`node-${nodeVersion()}-${process.arch}`), (unfinished) =>
    inTemporaryFolder(async (root) => {
      copyInto(root, join(nodePackage(), 'bin/node'), 'usr/local/bin/node');
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
 * The archive of a Debian with curl and Node.js, in which a test's pods run what they like.
 *
 * @param tags further names of the same image, such as those an operator would pull
 */
export async function baseImage(tags: readonly string[], progress: Progress): Promise<string> {
  const layers = [await nodeLayer(), await debianLayer(progress)];
  const config = { Cmd: ['/usr/bin/sleep', 'infinity'] };
  return cachedArchive('base', { tags: [baseTag, ...tags], layers, config });
}

/** An image on top of the base: what `fill` writes below a folder, in one layer. */
export interface ImageOnBase {
  readonly tags: readonly string[];
  readonly config: ImageConfig;
  /** Names the layer: another key, another content. Images of the same key share it. */
  readonly key: string;
  readonly fill: (root: string) => void;
}

/** The archive, whose name in the cache begins with `name`, of images that share the layers of the base. */
export async function imagesOnBase(
  name: string,
  images: readonly ImageOnBase[],
  progress: Progress,
): Promise<string> {
  const base = [await nodeLayer(), await debianLayer(progress)];
  const made: Image[] = [];
  for (const { tags, config, key, fill } of images) {
    const own = await cachedLayer(layerPath(`${name}-${shortHash(key)}`), (unfinished) =>
      inTemporaryFolder(async (root) => {
        fill(root);
        await packTar(unfinished, root, ['.']);
      }),
    );
    made.push({ tags, config, layers: [...base, own] });
  }
  return cachedArchive(name, ...made);
}

/**
 * The archive of Rollguard's own image, `rollguardTag`: what the Dockerfile says, made from this
 * checkout's `node_modules` and `build` without a container engine. Only the layer of the
 * program is made anew each time, from a bundle that is kept.
 */
export async function rollguardImage(progress: Progress): Promise<string> {
  const dockerfile = parseDockerfile(readFileSync(join(packageRoot, 'Dockerfile'), 'utf8'));
  const runtime = await runtimeLayer(dockerfile, progress);
  return inTemporaryFolder(async (folder) => {
    const app = await appLayer(join(folder, 'app.tar'), dockerfile);
    const layers = [await nodeLayer(), runtime, app];
    return cachedArchive('rollguard', { tags: [rollguardTag], layers, config: dockerfile.config });
  });
}

/** What Node.js needs beside it: the commands of the stage `runtime`, run in the Debian layer. */
async function runtimeLayer(dockerfile: Dockerfile, progress: Progress): Promise<Layer> {
  const debian = await debianLayer(progress);
  // The packages the stage installs are in that layer already.
  const commands = dockerfile.commandsOf('runtime').filter((command) => !command.includes('apt-get'));
  const key = shortHash([debian.digest, nodeVersion(), ...commands].join(' '));
  return cachedLayer(layerPath(`runtime-${key}`), (unfinished) =>
    inTemporaryFolder(async (root) => {
      await mustRun('tar', ['--extract', `--file=${debian.file}`, `--directory=${root}`]);
      copyInto(root, join(nodePackage(), 'bin/node'), 'runtime/usr/local/bin/node');
      for (const command of commands) await mustRun('chroot', [root, 'sh', '-e', '-c', command]);
      rmSync(join(root, 'runtime/usr/local'), { recursive: true });
      await packTar(unfinished, join(root, 'runtime'), ['.']);
    }),
  );
}

/** What the image copies from the stage `build`: the bundle. */
async function appLayer(file: string, { copies }: Dockerfile): Promise<Layer> {
  const bundle = await programBundle();
  return cachedLayer(file, (unfinished) =>
    inTemporaryFolder(async (root) => {
      for (const { stage, destination } of copies) {
        if (stage === 'build') copyInto(root, bundle, destination);
      }
      await packTar(unfinished, root, ['.']);
    }),
  );
}

/** The archive of these images, by what is in them. Older ones of the name go after a day: each is as large as its images. */
async function cachedArchive(name: string, ...images: readonly Image[]): Promise<string> {
  const content = images.map(({ tags, layers, config }) => [
    tags,
    layers.map(({ digest }) => digest),
    config,
  ]);
  const directory = join(cacheDirectory(), 'images');
  const file = join(directory, `${name}-${shortHash(JSON.stringify(content))}.archive.tar`);
  if (!existsSync(file)) {
    removeOld(directory, (each) => each.startsWith(`${name}-`) && each.endsWith('.archive.tar'));
    await writeArchive(file, ...images);
  }
  return file;
}
