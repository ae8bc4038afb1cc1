import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { bundle } from '../bundle.ts';
import { mustRun } from '../command.ts';
import { compress, digestOf, inTemporaryFolder, packTar, type Architecture } from '../image/archive.ts';
import { debianPackages, pinnedNode, programImage } from '../image/layers.ts';
import { addImages, writeLayout, type ArchitectureImage } from '../image/oci.ts';
import { packageRoot } from '../package-root.ts';
import { chartTemplates, chartValues, chartYaml, type Rendered } from './chart.ts';
import { objectsOf, renderManifests } from './manifests.ts';
import { provenance, type Dependency } from './provenance.ts';
import { billOfMaterials } from './sbom.ts';

export interface ReleaseOptions {
  /** Made anew. */
  readonly folder: string;
  /** Where the image will be, without a tag: `registry.example/rollguard`. */
  readonly image: string;
  readonly architectures: readonly Architecture[];
  readonly commit: Commit;
  readonly kubectl: string;
  readonly tell: (line: string) => void;
}

export interface Commit {
  readonly hash: string;
  /** When it was made, in the form of RFC 3339. */
  readonly time: string;
}

/**
 * Writes all that is installed from outside a checkout. The same commit, packages of Debian and tools give the same
 * bytes.
 *
 * @throws Error when something cannot be fetched or made here
 */
export async function writeRelease(options: ReleaseOptions): Promise<void> {
  const { folder, image, architectures, commit, kubectl, tell } = options;
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  // First, for the rest takes minutes.
  const tools = {
    node: process.version,
    npm: (await mustRun('npm', ['--version'])).trim(),
    kustomize: /Kustomize Version: (\S+)/.exec(await mustRun(kubectl, ['version', '--client']))?.[1] ?? '',
  };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

  const digest = await writeImage(join(folder, `rollguard-${version}-image.oci.tar`), version, options);
  const reference = `${image}:${version}@${digest}`;
  tell(`writing the manifests of ${reference}`);
  const [own, certManager, crds] = await Promise.all(
    ['manifests/base', 'manifests/overlays/cert-manager', 'manifests/crds'].map((path) =>
      renderManifests(kubectl, path, reference),
    ),
  );
  if (own === undefined || certManager === undefined || crds === undefined)
    throw new Error('nothing rendered');
  write('install.yaml', own);
  write('install-cert-manager.yaml', certManager);
  write('crds.yaml', crds);
  await inTemporaryFolder(async (made) => {
    cpSync(join(packageRoot, 'manifests'), join(made, 'manifests'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
    nameImage(join(made, 'manifests'), image, version, digest);
    await packTar(join(made, 'manifests.tar'), made, ['manifests']);
    await compress(join(made, 'manifests.tar'), join(folder, `rollguard-${version}-manifests.tar.gz`));
  });
  const rendered = { own: objectsOf(own), certManager: objectsOf(certManager) };
  const chart = join(folder, `rollguard-${version}.tgz`);
  const metadata = await packChart(chart, { version, image, digest, rendered });
  await writeChartLayout(join(folder, `rollguard-${version}-chart.oci.tar`), version, chart, metadata);
  write(`rollguard-${version}.cdx.json`, await billOfMaterials(commit.time));
  const facts = {
    version,
    image,
    platforms: architectures.map((architecture) => `linux/${architecture}`),
    tools,
    dependencies: await dependencies(commit, architectures),
  };
  write(`rollguard-${version}.intoto.json`, provenance(await digests(folder), facts));
  const sums = Array.from(await digests(folder), ([name, sum]) => `${sum}  ${name}\n`);
  write('SHA256SUMS', sums.join(''));
  tell(`wrote ${folder}`);
}

/** @returns the digest of its index */
function writeImage(
  file: string,
  version: string,
  { architectures, commit, tell }: ReleaseOptions,
): Promise<string> {
  return inTemporaryFolder(async (made) => {
    tell('bundling the program');
    await bundle(join(packageRoot, 'src/main.ts'), join(made, 'bundle'));
    const images: ArchitectureImage[] = [];
    for (const architecture of architectures) {
      const folder = join(made, architecture);
      mkdirSync(folder);
      const image = await programImage(architecture, join(made, 'bundle'), folder, tell);
      images.push({ ...image, architecture });
    }
    tell('compressing the layers');
    return writeLayout(file, version, (blobs) => addImages(blobs, images, commit.time));
  });
}

/** The kustomizations name the image of the release, so that they are applied as they are. */
function nameImage(manifests: string, image: string, version: string, digest: string): void {
  for (const part of ['gate', 'controller']) {
    const file = join(manifests, part, 'kustomization.yaml');
    const text = readFileSync(file, 'utf8');
    const named = text.replace(
      /newName: rollguard\n( *)newTag: dev\n/,
      `newName: ${image}\n$1newTag: ${version}\n$1digest: ${digest}\n`,
    );
    if (named === text) throw new Error(`${part}/kustomization.yaml does not name the image rollguard:dev`);
    writeFileSync(file, named);
  }
}

export interface Chart {
  readonly version: string;
  readonly image: string;
  readonly digest: string;
  readonly rendered: Rendered;
}

/**
 * Writes the Helm chart, packed.
 *
 * @returns what its Chart.yaml says
 */
export function packChart(file: string, { version, image, digest, rendered }: Chart): Promise<object> {
  return inTemporaryFolder(async (folder) => {
    const root = join(folder, 'rollguard');
    cpSync(join(packageRoot, 'packaging/helm'), root, { recursive: true });
    cpSync(join(packageRoot, 'LICENSE'), join(root, 'LICENSE'));
    const change = (name: string, to: (text: string) => string) => {
      const text = to(readFileSync(join(root, name), 'utf8'));
      writeFileSync(join(root, name), text);
      return text;
    };
    const metadata = change('Chart.yaml', (text) => chartYaml(text, version));
    change('values.yaml', (text) => chartValues(text, image, digest));
    for (const [path, text] of Object.entries(chartTemplates(rendered)))
      writeFileSync(join(root, path), text);
    await packTar(join(folder, 'rollguard.tar'), folder, ['rollguard']);
    await compress(join(folder, 'rollguard.tar'), file);
    return parse(metadata) as object;
  });
}

/** The chart as Helm pushes it, for those who copy layouts. */
async function writeChartLayout(
  file: string,
  version: string,
  chart: string,
  metadata: object,
): Promise<void> {
  await writeLayout(file, version, async (blobs) => {
    const config = blobs.add('application/vnd.cncf.helm.config.v1+json', JSON.stringify(metadata));
    const content = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
    return blobs.addManifest(config, [blobs.add(content, readFileSync(chart))]);
  });
}

async function dependencies(
  commit: Commit,
  architectures: readonly Architecture[],
): Promise<readonly Dependency[]> {
  const found: Dependency[] = [{ name: 'this repository', digest: { gitCommit: commit.hash } }];
  for (const architecture of architectures) {
    const { name, version, integrity } = pinnedNode(architecture);
    const sha512 = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
    found.push({ uri: `pkg:npm/${name}@${version}`, digest: { sha512 } });
    for (const each of await debianPackages(architecture)) {
      found.push({ uri: `pkg:deb/debian/${each.name}@${each.version}?arch=${each.architecture}` });
    }
  }
  const lock = await digestOf(join(packageRoot, 'package-lock.json'));
  return [...found, { name: 'package-lock.json', digest: { sha256: lock.replace('sha256:', '') } }];
}

/** Of the files in a folder, by name. */
async function digests(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder).toSorted()) {
    found.set(name, (await digestOf(join(folder, name))).replace('sha256:', ''));
  }
  return found;
}
