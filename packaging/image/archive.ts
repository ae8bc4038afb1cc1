import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { mustRun } from '../command.ts';

/** A layer of an image: a tar of files, and the digest by which images name it. */
export interface Layer {
  readonly file: string;
  /** `sha256:…` of the tar, which is not compressed. */
  readonly digest: string;
}

/** What an image starts when its pod says nothing else. Field names of the OCI image configuration. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
}

/** Of an image: as OCI and Debian call it. */
export type Architecture = 'amd64' | 'arm64';

/** As Node.js calls them. */
export const nodeNames = { amd64: 'x64', arm64: 'arm64' } as const;

/** @throws Error on a machine of another architecture */
export function hostArchitecture(): Architecture {
  for (const name of ['amd64', 'arm64'] as const) if (nodeNames[name] === process.arch) return name;
  throw new Error(`there is no image for ${process.arch}`);
}

export interface Image {
  /** Each `name:tag`, without a registry where the pods write none. */
  readonly tags: readonly string[];
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

/** Runs `make` in a fresh temporary folder, which goes afterwards. */
export async function inTemporaryFolder<Result>(make: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'rollguard-image-'));
  try {
    return await make(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A tar whose bytes depend on the files alone: sorted, owned by root, without times, open to whatever user an image names,
 * and the same whatever the umask was with which they were written.
 */
export async function packTar(file: string, folder: string, members: readonly string[]): Promise<void> {
  const flags = [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=a+rX,u+w,go-w',
    '--mtime=@0',
  ];
  await mustRun('tar', ['--create', `--file=${file}`, ...flags, `--directory=${folder}`, '--', ...members]);
}

/** The layer of this file, which `make` writes when it is not there yet. */
export async function cachedLayer(file: string, make: (unfinished: string) => Promise<void>): Promise<Layer> {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    try {
      await make(unfinished);
      writeFileSync(`${file}.digest`, await digestOf(unfinished));
      renameSync(unfinished, file);
    } finally {
      rmSync(unfinished, { force: true });
    }
  }
  return { file, digest: readFileSync(`${file}.digest`, 'utf8') };
}

/** Compresses a file with gzip, whose header bears no time: the same bytes come out each time. */
export const compress = (file: string, target: string): Promise<void> =>
  pipeline(createReadStream(file), createGzip(), createWriteStream(target));

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

/**
 * Writes images as a docker-archive: a tar of `manifest.json`, their configurations and their layers, of which
 * each is there once.
 *
 * @see https://github.com/moby/docker-image-spec
 */
export async function writeArchive(file: string, ...images: readonly Image[]): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    // Whoever else writes it at this moment has a name of its own.
    const unfinished = `${file}.${basename(folder)}`;
    const manifests = images.map((image) => writeImage(folder, image));
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifests));
    const members = manifests.flatMap(({ Config, Layers }) => [Config, ...Layers]);
    await mustRun('tar', [
      '--create',
      `--file=${unfinished}`,
      '--dereference',
      `--directory=${folder}`,
      'manifest.json',
      ...new Set(members),
    ]);
    renameSync(unfinished, file);
  });
}

/** The OCI image configuration, as JSON. */
export function configurationOf(
  { layers, config }: Omit<Image, 'tags'>,
  architecture: Architecture,
  created?: string,
): string {
  return JSON.stringify({
    ...(created === undefined ? {} : { created }),
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
}

/** Puts the image's configuration and its layers, as links, into the folder. */
function writeImage(folder: string, image: Image) {
  const { tags, layers } = image;
  const configuration = configurationOf(image, hostArchitecture());
  const configFile = `${createHash('sha256').update(configuration).digest('hex')}.json`;
  const layerFiles = layers.map(({ digest }) => `${digest.replace('sha256:', '')}.tar`);
  for (const [index, { file }] of layers.entries()) {
    const link = join(folder, layerFiles[index] ?? '');
    if (!existsSync(link)) symlinkSync(file, link);
  }
  writeFileSync(join(folder, configFile), configuration);
  return { Config: configFile, RepoTags: tags, Layers: layerFiles };
}
