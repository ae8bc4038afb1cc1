import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parse } from 'yaml';
import { openBaoClusterSpec } from '../src/api/openbaocluster-spec.ts';
import { blueGreenPhases, rollingPhases } from '../src/api/openbaocluster-status.ts';
import { parseOpenBaoCluster } from '../src/api/openbaocluster.ts';
import { openBaoRestoreSpec } from '../src/api/openbaorestore-spec.ts';
import { restorePhases } from '../src/api/openbaorestore-status.ts';
import { parseOpenBaoRestore } from '../src/api/openbaorestore.ts';
import { hookJob } from '../src/core/jobs/hook-job.ts';

describe('the pages on rolling upgrades and on restores', () => {
  it('have a heading for each phase of an upgrade, in order', async () => {
    const page = await readFile('docs/upgrades/rolling.md', 'utf8');
    const [, phases = ''] = /^## Phases of a rolling upgrade$([^]*?)^## /m.exec(page) ?? [];
    const headings = Array.from(phases.matchAll(/^### (\w+)$/gm), ([, phase]) => phase);
    expect(headings).to.deep.equal(rollingPhases);
  });

  it('have a row for each phase of a restore, in order', async () => {
    const page = await readFile('docs/operations/restore.md', 'utf8');
    const [, phases = ''] = /^## Phases$([^]*?)^## /m.exec(page) ?? [];
    const rows = Array.from(phases.matchAll(/^\| `(\w+)`/gm), ([, phase]) => phase);
    expect(rows).to.deep.equal(restorePhases);
  });
});

describe('the page on restores', () => {
  it('shows a store of another place, as the API server takes it', async () => {
    const page = await readFile('docs/operations/restore.md', 'utf8');
    const [, yaml = ''] = /^```yaml$([^]*?)^```$/m.exec(page) ?? [];
    const { spec } = parseOpenBaoRestore(parse(yaml));
    expect(spec.source).to.include.keys('provider', 'endpoint', 'bucket');
    const { properties } = openBaoRestoreSpec;
    expect(schemaFields(properties.source)).to.include.members(fieldsOf(spec.source ?? {}));
    expect(Object.keys(properties)).to.include.members(Object.keys(spec));
  });
});

describe('the page on blue-green upgrades', () => {
  let page: string;

  before(async () => {
    page = await readFile('docs/upgrades/blue-green.md', 'utf8');
  });

  it('has a heading for each phase, in order', () => {
    const [, phases = ''] = /^## The phases$([^]*?)^## /m.exec(page) ?? [];
    const headings = Array.from(phases.matchAll(/^### (\w+)$/gm), ([, phase]) => phase);
    expect(headings).to.deep.equal(blueGreenPhases.filter((phase) => phase !== 'Idle'));
  });

  it('shows every field, as the API server takes it, with the defaults that the schema tells', () => {
    const [, yaml = ''] = /^```yaml$([^]*?)^```$/m.exec(page) ?? [];
    const whole = yaml
      .replace('# prePromotionHook', 'prePromotionHook')
      .replaceAll(/: …|\[…\]/g, (gap) => (gap === ': …' ? ': hook' : '[go]'));
    const spec = parse(whole) as { upgrade: { blueGreen: object } };
    clusterOf({ version: '2.5.5', ...spec });
    const shown = fieldsOf(spec.upgrade.blueGreen);
    expect(shown.toSorted()).to.deep.equal(
      schemaFields(openBaoClusterSpec.properties.upgrade.properties.blueGreen).toSorted(),
    );
    for (const [field, value] of Array.from(yaml.matchAll(/(\w+): (true|\d+s?) # /g), (found) =>
      found.slice(1),
    )) {
      const said = JSON.stringify(openBaoClusterSpec).match(
        new RegExp(`"${field}":{[^}]*"description":"([^"]*)"`),
      )?.[1];
      expect(said, field).to.match(new RegExp(`Defaults to ${value}\\.`));
    }
  });

  it('names what the hook is given', () => {
    const { spec } = hookJob(
      clusterOf({ version: '2.5.5' }),
      { action: 'pre-promotion-hook', operationId: 'a' },
      { image: 'hook' },
      ['prod-r-0'],
    ) as unknown as { spec: { template: { spec: { containers: [{ env: { name: string }[] }] } } } };
    for (const { name } of spec.template.spec.containers[0].env) expect(page).to.contain(`\`${name}\``);
  });
});

const clusterOf = (spec: object) =>
  parseOpenBaoCluster({
    apiVersion: 'openbao.org/v1alpha1',
    kind: 'OpenBaoCluster',
    metadata: { name: 'prod', namespace: 'bao' },
    spec,
  });

/** The names of all fields, of those below too. */
const fieldsOf = (value: object): readonly string[] =>
  Object.entries(value).flatMap(([name, below]) => [
    name,
    ...(typeof below === 'object' && below !== null && !Array.isArray(below)
      ? fieldsOf(below as object)
      : []),
  ]);

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const schemaFields = ({ properties = {} }: Schema): readonly string[] =>
  Object.entries(properties).flatMap(([name, below]) => [name, ...schemaFields(below)]);
