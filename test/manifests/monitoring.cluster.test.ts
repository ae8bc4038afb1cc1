import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { runCommand } from '../support/command.ts';
import { promtool } from '../support/promtool.ts';

interface Rule {
  readonly annotations: { readonly summary: string };
}

interface Group {
  readonly rules: readonly Rule[];
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
