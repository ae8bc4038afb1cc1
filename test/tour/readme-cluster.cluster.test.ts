import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { anyKubectl } from '../cluster/foreign.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { provideVolumes } from '../cluster/volumes.ts';
import { clusterHandle, runs } from '../controller-e2e/controller.ts';
import { openbaoImages, type OpenBaoImages } from '../openbao/images.ts';
import { codeBlocks } from '../support/documents.ts';
import { succeed } from '../support/gate.ts';
import { install, type Installation } from '../support/install.ts';
import { ownGround } from '../support/own-ground.ts';
import { shell } from '../support/shell.ts';
import { skip } from '../support/skip.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

const namespace = 'bao';
const name = 'prod';
const version = '2.6.2';

describe('the cluster of docs/clusters.md, with Rollguard installed', function () {
  let ground: Ground;
  let images: OpenBaoImages;
  let installation: Installation | undefined;
  let endVolumes: (() => Promise<void>) | undefined;

  before(async function () {
    ground = await ownGround(this, 'node');
    endVolumes = provideVolumes(ground);
    images = await openbaoImages([version], (line) => process.stderr.write(`${line}\n`));
    await images.prepare(ground);
    installation = await install(ground, 'manifests/base', () => {});
    await provideNamespace(ground, namespace);
  });

  after(async () => {
    await ground?.kubectl(['delete', 'bao', '--all', '-n', namespace, '--timeout=60s']);
    if (ground) await removeNamespace(ground, namespace);
    await installation?.uninstall();
    await endVolumes?.();
  });

  it('comes up', async () => {
    const manifest = (await codeBlocks('docs/clusters.md')).find(({ heading }) => heading === 'A cluster');
    await succeed(ground.kubectl(['apply', '-f', '-'], { input: manifest?.text ?? '' }));
    const { status } = await clusterHandle(ground, namespace, name).until('up', runs(version), 300_000);
    expect(status?.raft?.voters).to.have.length(3);
  });

  it("says where it is, from the controller's pod", async () => {
    const command = (await shownCommands('docs/operations/status.md')).find((each) =>
      each.includes(' deploy/'),
    );
    const said = await shell(command ?? 'false', ground);
    expect(said)
      .to.contain(version)
      .and.match(/\bprod\b/);
  });

  it('gives a person a token, who can then do what its policy says', async function () {
    if (images.kind === 'model') skip(this, `${images.source} has no bao write`, 'openbao');
    const [createAccount = '', getToken = '', logIn = '', ...afterwards] = await shownCommands(
      'docs/clusters.md',
      "A person's token",
    );
    await shell(createAccount, ground);
    const token = (await shell(getToken, ground)).trim();
    expect(token).to.match(/^\S{20,}$/);
    await answering(logIn, 'Token', token);
    const policy = 'exec -n bao prod-0 -- bao policy read admin'.split(' ');
    expect((await succeed(ground.kubectl(policy))).stdout).to.contain('path "*"');

    expect(afterwards).to.have.length(2);
    const [peers = '', revoked = ''] = await inTurn(afterwards, (command) => shell(command, ground));
    for (const member of [0, 1, 2]) expect(peers).to.match(new RegExp(`^prod-${member} .*true\\s*$`, 'm'));
    expect(revoked).to.contain('Success');
    const again = await ground.kubectl(policy);
    expect(again.code, again.stderr).to.not.equal(0);
  });

  /** Types the answer when it is asked for, at a terminal as a person does. */
  async function answering(command: string, prompt: string, answer: string): Promise<void> {
    const typed = command.replace('kubectl', `"${await anyKubectl(() => {})}"`);
    const child = spawn('script', ['-qec', typed, '/dev/null'], {
      env: { ...process.env, KUBECONFIG: ground.kubeconfig },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const wasAsked = said.includes(prompt);
      said += chunk.toString();
      if (!wasAsked && said.includes(prompt)) child.stdin.write(`${answer}\n`);
    });
    const [code] = await once(child, 'close');
    expect(code, said).to.equal(0);
  }
});

/** The commands that a page shows to be typed, of one heading or all, in order. */
async function shownCommands(page: string, heading?: string): Promise<readonly string[]> {
  return (await codeBlocks(page))
    .filter((block) => block.language === 'console' && (heading ?? block.heading) === block.heading)
    .flatMap(({ text }) => Array.from(text.matchAll(/^\$ (.*)$/gm), ([, command = '']) => command));
}

async function inTurn<T, R>(values: readonly T[], action: (value: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const value of values) results.push(await action(value));
  return results;
}
