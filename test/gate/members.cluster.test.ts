import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import type { Ground } from '../cluster/test-cluster.ts';
import { kubectlIn, succeed } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { provideNamespace } from '../support/namespace.ts';

/** What its Role cannot say, manifests/controller/60-members.yaml does; tokens are real ones, of the API server. */
describe('the account of a member, at a real API server (P3)', function () {
  let ground: Ground;
  let folder: string;
  const namespace = 'gate-members';
  const manifest = 'manifests/controller/60-members.yaml';
  const account = 'prod-serviceaccount';
  const kubectl = kubectlIn(() => ground, namespace);

  /** A kubeconfig with a token of the member's account, made for a pod or for none. */
  async function as(pod?: string): Promise<string> {
    const bound = pod === undefined ? [] : ['--bound-object-kind=Pod', `--bound-object-name=${pod}`];
    const { stdout } = await succeed(kubectl(['create', 'token', account, ...bound]));
    const config = parse(await readFile(ground.kubeconfig, 'utf8')) as { users: { user: object }[] };
    for (const each of config.users) each.user = { token: stdout.trim() };
    const file = join(folder, pod ?? 'unbound');
    await writeFile(file, stringify(config), { mode: 0o600 });
    return file;
  }
  const patch = async (pod: string, change: object, token: string) =>
    (await kubectl(['patch', 'pod', pod, '--type=merge', '-p', JSON.stringify(change)], undefined, token))
      .stderr;

  before(async function () {
    ground = await ownGround(this, 'control-plane');
    folder = await mkdtemp(join(tmpdir(), 'rollguard-members-'));
    await provideNamespace(ground, namespace);
    await succeed(kubectl(['apply', '-f', manifest]));
    await succeed(kubectl(['create', 'serviceaccount', account]));
    await succeed(kubectl(['create', 'serviceaccount', 'other']));
    await succeed(kubectl(['create', 'role', 'pods', '--verb=get,patch,update', '--resource=pods']));
    for (const name of [account, 'other'])
      await succeed(
        kubectl(['create', 'rolebinding', name, '--role=pods', `--serviceaccount=${namespace}:${name}`]),
      );
    for (const name of ['prod-0', 'prod-1'])
      await succeed(
        kubectl(['create', '-f', '-'], {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, labels: { 'openbao.org/cluster': 'prod' }, annotations: { note: 'x' } },
          spec: {
            nodeName: 'nowhere',
            serviceAccountName: account,
            automountServiceAccountToken: false,
            containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5' }],
          },
        }),
      );
    // A policy is in force about a second after it was applied (docs/facts/admission-measured.md, section 3).
    const token = await as('prod-0');
    for (let look = 0; look < 60; look += 1) {
      const answer = await patch(
        'prod-1',
        { metadata: { labels: { [`openbao-look`]: String(look) } } },
        token,
      );
      if (answer.includes('its own pod alone')) return;
    }
    throw new Error('the policy is not in force');
  });

  after(async function () {
    await ground?.kubectl(['delete', '-f', manifest, '--ignore-not-found']);
    await ground?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await rm(folder, { recursive: true, force: true });
  });

  it('writes the labels that OpenBao keeps on its own pod', async () => {
    const token = await as('prod-0');
    for (const labels of [
      { 'openbao-active': 'true', 'openbao-version': '2.5.5' },
      { 'openbao-active': null },
    ])
      expect(await patch('prod-0', { metadata: { labels } }, token)).to.equal('');
  });

  it('writes no other member, and nothing with a token of no pod', async () => {
    const change = { metadata: { labels: { 'openbao-active': 'true' } } };
    expect(await patch('prod-1', change, await as('prod-0'))).to.contain('its own pod alone');
    expect(await patch('prod-0', change, await as())).to.contain('its own pod alone');
  });

  it('writes nothing else of its own pod', async () => {
    const token = await as('prod-0');
    const labels = 'only those that begin with openbao-';
    const refused: readonly (readonly [change: object, says: string])[] = [
      [{ metadata: { labels: { 'openbao.org/cluster': null } } }, labels],
      [{ metadata: { labels: { 'openbao.org/cluster': 'mine' } } }, labels],
      [{ metadata: { labels: { app: 'x' } } }, labels],
      [{ metadata: { annotations: { 'openbao.org/maintenance': 'true' } } }, 'labels alone'],
      [{ metadata: { annotations: null } }, 'labels alone'],
      [{ metadata: { finalizers: ['x.example/keep'] } }, 'labels alone'],
      [{ spec: { containers: [{ name: 'openbao', image: 'x.example/openbao:2.5.5' }] } }, 'labels alone'],
    ];
    for (const [change, says] of refused)
      expect(await patch('prod-0', change, token), JSON.stringify(change)).to.contain(says);
  });

  it('is the only one that is held to it', async () => {
    const labels = { metadata: { labels: { app: 'x' } } };
    const other = await ground.kubeconfigFor(`system:serviceaccount:${namespace}:other`, []);
    expect(await patch('prod-0', labels, other)).to.equal('');
  });
});
