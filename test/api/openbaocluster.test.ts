import { expect } from 'chai';
import { openBaoClusterCrd } from '../../src/api/crd.ts';
import { SchemaViolation } from '../../src/api/parse.ts';
import { openBaoCluster, parseOpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { StructuralSchema } from '../../src/api/structural.ts';
import { cluster } from '../support/builders.ts';

/** Every schema below one, with its path. */
function* below(schema: StructuralSchema, path: string): Generator<readonly [string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, each] of Object.entries(schema.properties ?? {})) yield* below(each, `${path}.${name}`);
  if (schema.items) yield* below(schema.items, `${path}[]`);
}
const schemas = [...below(openBaoCluster, 'OpenBaoCluster')];

describe('the schema of OpenBaoCluster', () => {
  it('describes every field', () => {
    const silent = schemas.filter(([path, { description }]) => !path.endsWith('[]') && !description);
    expect(silent.map(([path]) => path)).to.deep.equal([]);
  });

  it('bounds every text and every list', () => {
    const endless = schemas.filter(
      ([, each]) =>
        (each.type === 'string' && !each.maxLength && !each.enum && each.format !== 'date-time') ||
        (each.type === 'array' && !each.maxItems),
    );
    expect(endless.map(([path]) => path)).to.deep.equal([]);
  });

  it('closes every object that is no map and no foreign type, so that its type is exact', () => {
    const open = schemas.filter(
      ([, each]) =>
        each.type === 'object' &&
        each.additionalProperties === undefined &&
        each['x-kubernetes-preserve-unknown-fields'] !== true,
    );
    expect(open.map(([path]) => path)).to.deep.equal([]);
  });

  it('requires only fields that it has', () => {
    for (const [path, { required = [], properties = {} }] of schemas) {
      expect(Object.keys(properties), path).to.include.members([...required]);
    }
  });

  it('is in the CustomResourceDefinition, without what that forbids', () => {
    const text = JSON.stringify(openBaoClusterCrd());
    expect(text).not.to.contain('"additionalProperties":false');
    for (const [, { description }] of schemas)
      if (description) expect(text).to.contain(JSON.stringify(description));
  });
});

describe('an OpenBaoCluster', () => {
  it('is read as it was sent', () => {
    const sent = cluster({}, { currentVersion: '2.5.5' });
    expect(parseOpenBaoCluster(sent)).to.equal(sent);
  });

  it("may have a status whose other fields are another operator's own", () => {
    const sent = { ...cluster(), status: { conditions: [{}], raft: 'yes', upgrade: { phase: 7 } } };
    expect(parseOpenBaoCluster(sent)).to.equal(sent);
  });

  it('may have fields, phases and lengths that we do not know', () => {
    const sent = {
      ...cluster({ version: 'x'.repeat(1000) }),
      spec: { version: '2.5.5', replicas: 5, upgrade: { strategy: 'BlueGreen' } },
      status: { blueGreen: { phase: 'RestoringReadReplicas' }, conditions: [] },
    };
    expect(parseOpenBaoCluster(sent)).to.equal(sent);
  });

  const cases = [
    { name: 'without a spec', sent: { metadata: {} }, message: /required property 'spec'/ },
    {
      name: 'without metadata',
      sent: { spec: { version: '1.0.0' } },
      message: /required property 'metadata'/,
    },
    {
      name: 'without a version',
      sent: { metadata: {}, spec: {} },
      message: /spec must have required property 'version'/,
    },
    {
      name: 'whose version is a number',
      sent: { metadata: {}, spec: { version: 2.5 } },
      message: /spec\.version must be string/,
    },
    {
      name: 'whose image is null',
      sent: { metadata: {}, spec: { version: 'x', image: null } },
      message: /spec\.image must be string/,
    },
    {
      name: 'whose annotations are null',
      sent: { metadata: { annotations: null }, spec: { version: 'x' } },
      message: /metadata\.annotations must be object/,
    },
    {
      name: 'whose maintenance is "true"',
      sent: { metadata: {}, spec: { version: 'x', maintenance: { enabled: 'true' } } },
      message: /spec\.maintenance\.enabled must be boolean/,
    },
    {
      name: 'whose nonce is a number',
      sent: { metadata: {}, spec: { version: 'x' }, status: { breakGlass: { nonce: 1 } } },
      message: /status\.breakGlass\.nonce must be string/,
    },
  ];
  for (const { name, sent, message } of cases) {
    it(`${name} is refused`, () =>
      expect(() => parseOpenBaoCluster(sent)).to.throw(SchemaViolation, message));
  }
});
