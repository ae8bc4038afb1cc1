import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { parse } from 'yaml';
import { mustRun, runCommand } from '../../packaging/command.ts';
import { hostArchitecture } from '../../packaging/image/archive.ts';
import { objectsOf } from '../../packaging/release/manifests.ts';
import { writeRelease } from '../../packaging/release/release.ts';
import { availability } from '../cluster/availability.ts';
import { findBinaries } from '../cluster/components.ts';
import { installMissingPackages } from '../cluster/packages.ts';
import { groundTimeoutMs } from '../cluster/shared.ts';
import { tellStderr } from '../cluster/test-cluster.ts';
import { skip } from '../support/skip.ts';

const commit = { hash: '0123456789abcdef0123456789abcdef01234567', time: '2026-11-30T12:00:00.000Z' };
const image = 'registry.example/rollguard';

/** Of this machine's architecture: what the other takes is qemu, and time. */
describe('a release', function () {
  let folder: string;
  let kubectl: string;
  let version: string;

  before(async function () {
    this.timeout(groundTimeoutMs);
    // The image is made as for a node of the tests.
    const there = await availability('node');
    if (!there.available) skip(this, `${there.why}; ${there.remedy}`);
    await installMissingPackages(tellStderr);
    kubectl = (await findBinaries(['kubectl'], tellStderr)).paths.kubectl;
    folder = mkdtempSync(join(tmpdir(), 'rollguard-release-'));
    version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
    await release('one');
  });

  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const release = (name: string) =>
    writeRelease({
      folder: join(folder, name),
      image,
      architectures: [hostArchitecture()],
      commit,
      kubectl,
      tell: () => {},
    });
  const file = (name: string) => join(folder, 'one', name.replace('VERSION', version));
  const json = (name: string) => JSON.parse(readFileSync(file(name), 'utf8'));
  const sumOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const unpacked = async (name: string) => {
    const target = mkdtempSync(join(folder, 'unpacked-'));
    await mustRun('tar', ['--extract', `--file=${file(name)}`, `--directory=${target}`]);
    const blob = (digest: string) => readFileSync(join(target, 'blobs', digest.replace(':', '/')));
    return { target, blob, top: () => JSON.parse(readFileSync(join(target, 'index.json'), 'utf8')) };
  };

  it('is the same, byte for byte, when it is made again', async () => {
    await release('two');
    const sums = (name: string) =>
      readdirSync(join(folder, name)).map(
        (each) => `${each} ${sumOf(readFileSync(join(folder, name, each)))}`,
      );
    expect(sums('two')).to.deep.equal(sums('one'));
    expect(sums('one')).to.have.length(10);
  });

  it('has an image of the layers that it names, started as the Dockerfile says', async () => {
    const { blob, top } = await unpacked('rollguard-VERSION-image.oci.tar');
    const [named] = top().manifests;
    expect(named.annotations).to.deep.equal({ 'org.opencontainers.image.ref.name': version });
    const index = JSON.parse(blob(named.digest).toString());
    expect(index.manifests.map(({ platform }: any) => platform)).to.deep.equal([
      { architecture: hostArchitecture(), os: 'linux' },
    ]);
    const manifest = JSON.parse(blob(index.manifests[0].digest).toString());
    const config = JSON.parse(blob(manifest.config.digest).toString());
    expect(config).to.deep.include({ architecture: hostArchitecture(), os: 'linux', created: commit.time });
    expect(config.config.User).to.equal('65532:65532');
    expect(config.config.Entrypoint.at(-1)).to.equal('/app/main.js');
    const layers = manifest.layers.map(({ digest, size }: any) => {
      const content = blob(digest);
      expect([`sha256:${sumOf(content)}`, content.length]).to.deep.equal([digest, size]);
      return `sha256:${sumOf(gunzipSync(content))}`;
    });
    expect(layers).to.have.length(3).and.deep.equal(config.rootfs.diff_ids);
  });

  it('names that image by its digest, in each way to install it', async () => {
    const { top } = await unpacked('rollguard-VERSION-image.oci.tar');
    const [{ digest }] = top().manifests;
    for (const name of ['install.yaml', 'install-cert-manager.yaml']) {
      const objects: any[] = [...objectsOf(readFileSync(file(name), 'utf8'))];
      const images = objects
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ spec }) => spec.template.spec.containers[0].image);
      const reference = `${image}:${version}@${digest}`;
      expect(images, name).to.deep.equal([reference, reference]);
    }
    const { target } = await unpacked('rollguard-VERSION.tgz');
    const { image: values } = parse(readFileSync(join(target, 'rollguard/values.yaml'), 'utf8'));
    expect(values).to.include({ repository: image, digest, tag: '' });
    const manifests = (await unpacked('rollguard-VERSION-manifests.tar.gz')).target;
    for (const [name, path] of [
      ['install.yaml', 'base'],
      ['install-cert-manager.yaml', 'overlays/cert-manager'],
      ['crds.yaml', 'crds'],
    ] as const) {
      const rendered = await mustRun(kubectl, ['kustomize', join(manifests, 'manifests', path)]);
      expect(objectsOf(rendered), name).to.deep.equal(objectsOf(readFileSync(file(name), 'utf8')));
    }
  });

  it('has the chart in a layout as Helm pushes it', async () => {
    const { blob, top } = await unpacked('rollguard-VERSION-chart.oci.tar');
    const { config, layers } = JSON.parse(blob(top().manifests[0].digest).toString());
    expect(JSON.parse(blob(config.digest).toString())).to.include({ name: 'rollguard', version });
    expect(layers).to.have.length(1);
    expect(sumOf(blob(layers[0].digest))).to.equal(sumOf(readFileSync(file('rollguard-VERSION.tgz'))));
  });

  it('has a sum of each file, by which a changed one is found', async () => {
    const check = () =>
      mustRun('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { directory: join(folder, 'one') });
    expect((await check()).match(/: OK$/gm)).to.have.length(9);
  });

  it('says what it was made from', () => {
    const { subject, predicate, predicateType } = json('rollguard-VERSION.intoto.json');
    expect(predicateType).to.equal('https://slsa.dev/provenance/v1');
    for (const { name, digest } of subject) {
      expect(digest.sha256, name).to.equal(sumOf(readFileSync(file(name))));
    }
    // All but the statement itself, and the sums, of which it has one.
    expect(subject).to.have.length(8);
    const { resolvedDependencies: made, externalParameters } = predicate.buildDefinition;
    expect(externalParameters).to.include({ version, image });
    expect(made).to.deep.include({ name: 'this repository', digest: { gitCommit: commit.hash } });
    const uris: string[] = made.map(({ uri = '' }) => uri);
    expect(uris.filter((uri) => uri.startsWith('pkg:npm/node-linux-'))).to.have.length(1);
    expect(uris.some((uri) => /^pkg:deb\/debian\/libstdc\+\+6@\d.*\?arch=/.test(uri))).to.equal(true);
  });

  it('lists the packages of production, and none that only the tests need', () => {
    const { bomFormat, metadata, components, serialNumber } = json('rollguard-VERSION.cdx.json');
    expect([bomFormat, metadata.timestamp, serialNumber]).to.deep.equal([
      'CycloneDX',
      commit.time,
      undefined,
    ]);
    expect(metadata.component).to.include({ name: 'rollguard', version });
    const names: string[] = components.map(({ name }: { name: string }) => name);
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(names).to.include.members(Object.keys(dependencies));
    const development = Object.keys(devDependencies).filter((name) => !name.startsWith('@types/'));
    expect(names.filter((name) => development.includes(name))).to.deep.equal([]);
  });

  it('says what is wrong with what was asked for, and where a program is missing, before it begins', async () => {
    for (const [flag, said] of [
      ['--platform=linux/s390x', /^--platform linux\/s390x: only linux\/amd64 and linux\/arm64\n$/],
      [
        '--image=registry.example/rollguard:0.1.0',
        /^--image registry\.example\/rollguard:0\.1\.0: without a tag/,
      ],
      ['--image=Rollguard', /^--image Rollguard has "Rollguard" in its repository/],
      ['--image', /^Option '--image <value>' argument missing\n$/],
    ] as const) {
      const { code, stderr } = await runCommand(process.execPath, ['packaging/release/main.ts', flag]);
      expect(code).to.equal(1);
      expect(stderr).to.match(said);
    }
    const told = await writeRelease({
      folder: join(folder, 'none'),
      image,
      architectures: [],
      commit,
      kubectl: join(folder, 'kubectl'),
      tell: () => {},
    }).catch((error: Error) => error.message);
    expect(told).to.match(/kubectl version --client: it cannot be started$/);
  });
});
