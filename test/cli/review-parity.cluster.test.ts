import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Ground } from '../cluster/test-cluster.ts';
import { kubectlIn, startGate, succeed, type Gate } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { nameIn, ratchetedCases, reviewCases, type ReviewCase } from './review-cases.ts';
import { inFolder, run } from './transcript.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

/**
 * The promise of `rollguard review`, asked of a real API server with our CRDs and our gate: each sample and each
 * mistake is refused by both or by neither. `kubectl apply --dry-run=server` gets all files at once: it goes on
 * behind an object that is refused, and names each that is not.
 */
describe('rollguard review and kubectl apply', function () {
  let ground: Ground;
  let gate: Gate;
  const namespace = 'review-parity';
  const kubectl = kubectlIn(() => ground, namespace);

  before(async function () {
    ground = await ownGround(this, 'control-plane');
    gate = await startGate(ground);
    await provideNamespace(ground, namespace);
    // No controller makes it here, and without it no pod is admitted.
    await ground.kubectl(['create', 'serviceaccount', 'default', '-n', namespace]);
  });

  after(async function () {
    if (ground) await removeNamespace(ground, namespace);
    await gate?.stop();
  });

  /** The names of the objects that the API server takes. */
  async function accepted(texts: readonly string[]): Promise<{ names: ReadonlySet<string>; stderr: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'rollguard-parity-'));
    try {
      for (const [index, text] of texts.entries()) await writeFile(join(folder, `${index}.yaml`), text);
      const { stdout, stderr } = await kubectl(['apply', '--dry-run=server', '-o', 'name', '-f', folder]);
      return { names: new Set(stdout.split('\n').map((line) => line.split('/').at(-1) ?? '')), stderr };
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  async function reviewed({ text, stored }: ReviewCase): Promise<boolean> {
    const old = stored === undefined ? '' : ' --old old.yaml';
    const files = new Map([
      ['change.yaml', text],
      ['old.yaml', stored ?? ''],
    ]);
    const { code } = await inFolder(files, () =>
      run(`rollguard review -n ${namespace} -f change.yaml${old}`),
    );
    return code === 0;
  }

  /** Both answers to each, beside what is expected. */
  async function answers(cases: readonly ReviewCase[]) {
    const { names, stderr } = await accepted(cases.map(({ text }) => text));
    const rows: { title: string; review: boolean; server: boolean; expected: boolean }[] = [];
    for (const each of cases) {
      rows.push({
        title: each.title,
        review: await reviewed(each),
        server: names.has(nameIn(each.text)),
        expected: each.accepted,
      });
    }
    return { rows, stderr };
  }

  const store = async (cases: readonly ReviewCase[]) => {
    const stored = cases.flatMap((each) => each.stored ?? []);
    await succeed(ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: stored.join('---\n') }));
  };

  async function expectAlike(cases: readonly ReviewCase[]): Promise<void> {
    const { rows, stderr } = await answers(cases);
    const wrong = rows.filter(({ review, server, expected }) => review !== expected || server !== expected);
    expect(wrong, stderr).to.deep.equal([]);
  }

  it('answer alike to every mistake in a new object, and to what is none', async () => {
    const created = reviewCases.filter(({ stored }) => stored === undefined);
    expect(created.filter((each) => !each.accepted)).to.have.length.above(60);
    await expectAlike(created);
  });

  it('answer alike to every mistake in a change of what is stored', async () => {
    const changed = reviewCases.filter(({ stored }) => stored !== undefined);
    await store(changed);
    await expectAlike(changed);
  });

  it('answer alike to what broke a bound before the bound was there', async () => {
    const crd = 'manifests/crds/openbaoclusters.yaml';
    const spec = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties';
    const without = [
      `${spec}/replicas/maximum`,
      `${spec}/tls/properties/extraSANs/items/x-kubernetes-validations`,
      `${spec}/selfInit/properties/requests/items/properties/name/x-kubernetes-validations`,
    ].map((path) => ({ op: 'remove', path }));
    await succeed(
      ground.kubectl([
        'patch',
        'crd',
        'openbaoclusters.openbao.org',
        '--type=json',
        '-p',
        JSON.stringify(without),
      ]),
    );
    try {
      await untilStored(() => store(ratchetedCases));
    } finally {
      await succeed(ground.kubectl(['apply', '--server-side', '--force-conflicts', '-f', crd]));
    }
    await untilStored(() => expectAlike(ratchetedCases));
  });

  describe('to the samples', () => {
    const folder = 'manifests/samples';
    const read = (path: string) => readFileSync(join(folder, path), 'utf8');

    it('that are admitted', async () => {
      const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
      expect(files).to.have.length.above(5);
      await expectAlike(files.map((name) => ({ title: name, text: read(name), accepted: true })));
    });

    it('that are refused', async () => {
      const files = (await readdir(join(folder, 'refused'))).filter((name) => name.endsWith('.yaml'));
      const there = await readdir(join(folder, 'refused/stored'));
      const cases = files.map((name) => ({
        title: name,
        text: read(`refused/${name}`),
        ...(there.includes(name) ? { stored: read(`refused/stored/${name}`) } : {}),
        accepted: false,
      }));
      expect(cases).to.have.length.above(5);
      await store(cases);
      for (const { stored } of cases.filter((each) => each.stored !== undefined)) {
        const { kind, metadata, status } = parse(stored ?? '') as {
          kind: string;
          metadata: { name: string };
          status?: object;
        };
        const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
        if (status !== undefined) await succeed(kubectl(['patch', kind, metadata.name, ...patch]));
      }
      await expectAlike(cases);
    });
  });
});

/** The API server takes a moment to judge by another definition. */
async function untilStored(action: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await action();
      return;
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
