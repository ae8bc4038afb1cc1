import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { anyKubectl } from '../cluster/foreign.ts';
import { runCommand } from '../../packaging/command.ts';
import { promtool } from '../support/promtool.ts';

interface Rule {
  readonly alert: string;
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface Group {
  readonly rules: readonly Rule[];
}

interface RenderedManifest {
  readonly kind: string;
  readonly spec: { readonly groups?: readonly Group[] };
}

describe('the alerts', () => {
  let groups: readonly Group[];
  const rules = () => groups.flatMap((group) => group.rules);

  before(async () => {
    const manifest = parse(await readFile('manifests/monitoring/rules.yaml', 'utf8')) as {
      spec: { groups: Group[] };
    };
    groups = manifest.spec.groups;
  });

  it('lead, once rendered, to where people read the documents, which is one value', async function () {
    this.timeout(300_000);
    const base = 'https://git.example.com/rollguard/blob/main';
    const kustomization = await readFile('manifests/monitoring/kustomization.yaml', 'utf8');
    expect(kustomization.split(base)).to.have.length(2);
    const args = ['kustomize', 'manifests/monitoring'];
    const { code, stdout, stderr } = await runCommand(await anyKubectl(() => {}), args);
    expect(code, stderr).to.equal(0);
    const rendered = parseAllDocuments(stdout).map((document) => document.toJS() as RenderedManifest);
    // The value itself is not applied.
    expect(rendered.map(({ kind }) => kind)).to.have.members(['PodMonitor', 'PodMonitor', 'PrometheusRule']);
    const urls = rendered
      .flatMap(({ spec }) => spec.groups ?? [])
      .flatMap((group) => group.rules.map(({ annotations }) => annotations.runbook_url));
    expect(urls).to.deep.equal(
      rules().map(({ alert }) => `${base}/docs/operations/monitoring.md#${alert.toLowerCase()}`),
    );
  });

  describe('by promtool', () => {
    let program: string;
    let folder: string;

    before(async function () {
      program = await promtool(this);
      folder = await mkdtemp(join(tmpdir(), 'rollguard-rules-'));
    });

    after(async () => {
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    it('are well formed', async function () {
      await writeFile(join(folder, 'whole.json'), JSON.stringify({ groups }));
      const { code, stdout, stderr } = await runCommand(program, ['check', 'rules', 'whole.json'], {
        directory: folder,
      });
      expect(code, stdout + stderr).to.equal(0);
      expect(stdout).to.contain(`${rules().length} rules found`);
    });

    it('fire when they must, and are quiet when they must be', async function () {
      // promtool compares every annotation: the summaries are enough to see the values in the words.
      const summaries = groups.map((group) => ({
        ...group,
        rules: group.rules.map((rule) => ({ ...rule, annotations: { summary: rule.annotations.summary } })),
      }));
      await writeFile(join(folder, 'rules.json'), JSON.stringify({ groups: summaries }));
      await writeFile(join(folder, 'alerts.yaml'), await readFile('test/testdata/monitoring/alerts.yaml'));
      const { code, stdout, stderr } = await runCommand(program, ['test', 'rules', 'alerts.yaml'], {
        directory: folder,
      });
      expect(code, stdout + stderr).to.equal(0);
    });
  });
});
