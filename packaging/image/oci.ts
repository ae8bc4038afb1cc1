import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  compress,
  configurationOf,
  digestOf,
  inTemporaryFolder,
  packTar,
  type Architecture,
  type Image,
} from './archive.ts';

/** How a manifest or an index names a blob. Field names of the OCI image specification. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…` */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

/** The blobs of a layout that is being written. */
export class Blobs {
  readonly #folder: string;

  /** @param folder that of the layout */
  constructor(folder: string) {
    this.#folder = join(folder, 'blobs/sha256');
    mkdirSync(this.#folder, { recursive: true });
  }

  add(mediaType: string, content: string | Buffer): Descriptor {
    const hash = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(this.#folder, hash), content);
    return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(content) };
  }

  async addCompressed(mediaType: string, file: string): Promise<Descriptor> {
    const unfinished = join(this.#folder, 'unfinished');
    await compress(file, unfinished);
    const digest = await digestOf(unfinished);
    const { size } = statSync(unfinished);
    renameSync(unfinished, join(this.#folder, digest.replace('sha256:', '')));
    return { mediaType, digest, size };
  }

  addManifest(config: Descriptor, layers: readonly Descriptor[]): Descriptor {
    return this.add(
      manifestType,
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers }),
    );
  }

  addIndex(manifests: readonly Descriptor[]): Descriptor {
    return this.add(indexType, JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
  }
}

/**
 * Writes an OCI image layout as one tar, which skopeo, containerd, Docker and Podman read.
 *
 * @param tag by which they find what `fill` returns
 * @returns the digest of that, by which a registry serves it too
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function writeLayout(
  file: string,
  tag: string,
  fill: (blobs: Blobs) => Promise<Descriptor>,
): Promise<string> {
  return inTemporaryFolder(async (folder) => {
    const top = await fill(new Blobs(folder));
    const named = { ...top, annotations: { 'org.opencontainers.image.ref.name': tag } };
    const index = { schemaVersion: 2, mediaType: indexType, manifests: [named] };
    writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
    await packTar(file, folder, ['oci-layout', 'index.json', 'blobs']);
    return top.digest;
  });
}

/** The image for one architecture, without its tag. */
export type ArchitectureImage = Omit<Image, 'tags'> & { readonly architecture: Architecture };

/**
 * The index of an image for several architectures.
 *
 * @param created when, in the form of RFC 3339
 */
export async function addImages(
  blobs: Blobs,
  images: readonly ArchitectureImage[],
  created: string,
): Promise<Descriptor> {
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const configuration = configurationOf(image, image.architecture, created);
    const config = blobs.add('application/vnd.oci.image.config.v1+json', configuration);
    const layers: Descriptor[] = [];
    for (const { file } of image.layers) {
      layers.push(await blobs.addCompressed('application/vnd.oci.image.layer.v1.tar+gzip', file));
    }
    const platform = { architecture: image.architecture, os: 'linux' };
    manifests.push({ ...blobs.addManifest(config, layers), platform });
  }
  return blobs.addIndex(manifests);
}
