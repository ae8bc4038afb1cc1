import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { mustRun } from '../../packaging/command.ts';
import { hostArchitecture, writeArchive } from '../../packaging/image/archive.ts';
import { programImage } from '../../packaging/image/layers.ts';
import { objectsOf, renderManifests } from '../../packaging/release/manifests.ts';
import { packChart } from '../../packaging/release/release.ts';
import { componentsAvailability } from '../cluster/availability.ts';
import { programBundle } from '../cluster/bundle.ts';
import { findBinaries } from '../cluster/components.ts';
import { tellStderr, type Ground } from '../cluster/test-cluster.ts';
import { documentedCommands } from '../support/documents.ts';
import { succeed } from '../support/gate.ts';
import { untilReached } from '../support/install.ts';
import { ownGround } from '../support/own-ground.ts';
import { skip } from '../support/skip.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };

for (const name of ['helm3'] as const) {
  describe(`the install with ${name}, as the documents say it, on a real node`, function () {
    let ground: Ground;
    let folder: string;

    before(async function () {
      ground = await ownGround(this, 'node');
      const there = await componentsAvailability([name]);
      if (!there.available) skip(this, `${there.why}; ${there.remedy}`, 'helm');
      const { paths } = await findBinaries([name, 'kubectl'], tellStderr);
      folder = mkdtempSync(join(tmpdir(), 'rollguard-helm-'));
      for (const program of ['helm', 'kubectl'] as const) {
        symlinkSync(paths[program === 'helm' ? name : program], join(folder, program));
      }
      // What the nodes have is known by its tag alone, so this chart names no digest.
      const render = async (path: string) =>
        objectsOf(await renderManifests(paths.kubectl, path, `rollguard:${version}@sha256:0`));
      await packChart(join(folder, `rollguard-${version}.tgz`), {
        version,
        image: 'rollguard',
        digest: '',
        rendered: {
          own: await render('manifests/base'),
          certManager: await render('manifests/overlays/cert-manager'),
        },
      });
      mkdirSync(join(folder, 'image'));
      const made = await programImage(
        hostArchitecture(),
        await programBundle(),
        join(folder, 'image'),
        () => {},
      );
      const archive = join(folder, 'image.tar');
      await writeArchive(archive, { ...made, tags: [`rollguard:${version}`] });
      await ground.loadImage(archive);
    });

    after(async () => {
      if (folder !== undefined) rmSync(folder, { recursive: true });
    });

    /** Runs the commands under this heading of the page, as a person would. */
    async function follow(heading: string): Promise<void> {
      const all = await documentedCommands('docs/install.md');
      const commands = all.filter((each) => each.heading === heading);
      expect(commands).not.to.deep.equal([]);
      const env = {
        ...process.env,
        PATH: `${folder}${delimiter}${process.env['PATH']}`,
        KUBECONFIG: ground.kubeconfig,
        HELM_CONFIG_HOME: folder,
        HELM_CACHE_HOME: folder,
        HELM_DATA_HOME: folder,
      };
      for (const { command } of commands) await mustRun('bash', ['-c', command], { directory: folder, env });
    }
    const kubectl = (...args: readonly string[]) => succeed(ground.kubectl(args, { timeoutMs: 120_000 }));
    const bundles = async () => {
      const configuration = ['validatingwebhookconfiguration', 'rollguard', '-o', 'json'];
      const { webhooks } = JSON.parse((await kubectl('get', ...configuration)).stdout);
      return webhooks.map(({ clientConfig }: any) => clientConfig.caBundle);
    };

    it('comes up, and the API server asks the gate', async () => {
      await follow('Helm');
      await untilReached(ground);
      const crds = (await kubectl('get', 'crd', '-o', 'name')).stdout;
      expect(crds).to.contain('openbaoclusters.openbao.org').and.contain('metadataservices.e6data.io');
    });

    it('is upgraded, CRDs too, and the certificate of the gate is left alone', async () => {
      const before = await bundles();
      // As an older release would have it.
      const crd = ['crd', 'openbaorestores.openbao.org'];
      const older = { spec: { names: { shortNames: ['older'] } } };
      const patch = JSON.stringify(older);
      await kubectl('patch', ...crd, '--type=merge', '--field-manager=helm', '-p', patch);
      await follow('Upgrade with Helm');
      const after = JSON.parse((await kubectl('get', ...crd, '-o', 'json')).stdout);
      expect(after.spec.names.shortNames ?? []).not.to.include('older');
      expect(await bundles()).to.deep.equal(before);
      await untilReached(ground);
    });

    it('goes, and blocks nothing, and leaves the CRDs', async () => {
      await follow('Uninstall with Helm');
      const kinds =
        'clusterrole,clusterrolebinding,validatingwebhookconfiguration,mutatingwebhookconfiguration';
      const left = await kubectl('get', kinds, '-o', 'name');
      expect(left.stdout).not.to.match(/rollguard(?!\.test)/);
      await kubectl('get', 'crd', 'openbaoclusters.openbao.org');
      await kubectl('delete', 'namespace', 'rollguard-system', '--timeout=90s');
      await kubectl('delete', 'crd', '-l', 'app.kubernetes.io/managed-by=Helm', '--timeout=90s');
    });
  });
}
