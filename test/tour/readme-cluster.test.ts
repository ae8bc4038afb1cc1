import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Ground } from '../cluster/ground.ts';
import { provideVolumes } from '../cluster/volumes.ts';
import { clusterHandle, runs } from '../driver/driver.ts';
import { openbaoImages, type OpenBaoImages } from '../openbao/images.ts';
import { succeed } from '../support/gate.ts';
import { install, type Installation } from '../support/install.ts';
import { ownGround } from '../support/own-ground.ts';
import { shell } from '../support/shell.ts';
import { skip } from '../support/skip.ts';

const namespace = 'bao';
const name = 'prod';
const version = '2.5.5';

describe('the cluster of the README, with Rollguard installed as it says', function () {
  this.timeout(600_000);
  let ground: Ground;
  let readme: string;
  let images: OpenBaoImages;
  let installation: Installation | undefined;
  let endVolumes: (() => Promise<void>) | undefined;

  before(async function () {
    readme = await readFile('README.md', 'utf8');
    ground = await ownGround(this, 'node');
    endVolumes = provideVolumes(ground);
    images = await openbaoImages([version], (line) => process.stderr.write(`${line}\n`));
    await images.prepare(ground);
    installation = await install(ground, 'manifests/base', () => {});
    await succeed(ground.kubectl(['create', 'namespace', namespace]));
  });

  after(async () => {
    await ground?.kubectl(['delete', 'bao', '--all', '-n', namespace, '--timeout=60s'], {
      timeoutMs: 90_000,
    });
    await ground?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await installation?.uninstall();
    await endVolumes?.();
  });

  it('comes up', async () => {
    const [, manifest = ''] = /^## A cluster\n\n```yaml\n([^]*?)^```$/m.exec(readme) ?? [];
    await succeed(ground.kubectl(['apply', '-f', '-'], { input: manifest }));
    const { status } = await clusterHandle(ground, namespace, name).until('up', runs(version), 300_000);
    expect(status?.raft?.voters).to.have.length(3);
  });

  it("says where it is, from the controller's pod", async () => {
    const [command = ''] = /kubectl exec -n rollguard-system deploy[^`]*/.exec(readme) ?? [];
    const said = await shell(command, ground);
    expect(said)
      .to.contain(version)
      .and.match(/\bprod\b/);
  });

  it('gives a person a token, who can then do what its policy says', async function () {
    if (images.kind === 'model') skip(this, `${images.source} has no bao write`, 'openbao');
    const commands = Array.from(readme.matchAll(/^ +\$ (kubectl (?:create serviceaccount|exec) .*)$/gm));
    expect(commands).to.have.length(2);
    let token = '';
    for (const [, command = ''] of commands) token = (await shell(command, ground)).trim();
    expect(token).to.match(/^\S{20,}$/);
    const login = ['exec', '-n', namespace, `${name}-0`, '-c', 'openbao', '--', 'env', `BAO_TOKEN=${token}`];
    const { stdout } = await succeed(ground.kubectl([...login, 'bao', 'policy', 'read', 'admin']));
    expect(stdout).to.contain('path "*"');
  });
});
