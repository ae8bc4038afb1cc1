import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, removeOld } from '../../packaging/cache.ts';
import { mustRun } from '../../packaging/command.ts';
import {
  cachedLayer,
  hostArchitecture,
  inTemporaryFolder,
  packTar,
  writeArchive,
  type Image,
  type ImageConfig,
  type Layer,
} from '../../packaging/image/archive.ts';
import { debianLayer, layerPath, nodeLayer, programImage, shortHash } from '../../packaging/image/layers.ts';
import { programBundle } from './bundle.ts';
import type { Progress } from './components.ts';

/** The image of a pod's sandbox, which holds its namespaces open. */
export const pauseTag = 'rollguard.test/pause:dev';
/** A Debian with curl and Node.js, for the pods of tests. */
export const baseTag = 'rollguard.test/base:dev';
/** Rollguard itself. */
export const rollguardTag = 'rollguard:dev';

/** `sleep` and the C library it needs. */
async function pauseLayer(progress: Progress): Promise<Layer> {
  const debian = await debianLayer(hostArchitecture(), progress);
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

/**
 * The archive of a Debian with curl and Node.js, in which a test's pods run what they like.
 *
 * @param tags further names of the same image, such as those an operator would pull
 */
export async function baseImage(tags: readonly string[], progress: Progress): Promise<string> {
  const layers = [await nodeLayer(hostArchitecture()), await debianLayer(hostArchitecture(), progress)];
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
  const base = [await nodeLayer(hostArchitecture()), await debianLayer(hostArchitecture(), progress)];
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
  const bundle = await programBundle();
  return inTemporaryFolder(async (folder) => {
    const { layers, config } = await programImage(hostArchitecture(), bundle, folder, progress);
    return cachedArchive('rollguard', { tags: [rollguardTag], layers, config });
  });
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
