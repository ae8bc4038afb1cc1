import { expect } from 'chai';
import { openBaoRestoreCrd } from '../../src/api/crd.ts';
import { openBaoRestore, parseOpenBaoRestore } from '../../src/api/openbaorestore.ts';
import { SchemaViolation } from '../../src/api/parse.ts';
import type { StructuralSchema } from '../../src/api/structural.ts';

/** Every schema below one, with its path. */
function* below(schema: StructuralSchema, path: string): Generator<readonly [string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, each] of Object.entries(schema.properties ?? {})) yield* below(each, `${path}.${name}`);
  if (schema.items) yield* below(schema.items, `${path}[]`);
}
const schemas = [...below(openBaoRestore, 'OpenBaoRestore')];

describe('the schema of OpenBaoRestore', () => {
  it('describes every field', () => {
    const silent = schemas.filter(([path, { description }]) => !path.endsWith('[]') && !description);
    expect(silent.map(([path]) => path)).to.deep.equal([]);
  });

  it('bounds every text and every list, and closes every object', () => {
    const endless = schemas.filter(
      ([, each]) =>
        (each.type === 'string' && !each.maxLength && !each.enum && each.format !== 'date-time') ||
        (each.type === 'array' && !each.maxItems) ||
        (each.type === 'object' && each.additionalProperties === undefined),
    );
    expect(endless.map(([path]) => path)).to.deep.equal([]);
  });

  it('lets every field of spec but confirm be set only once', () => {
    const rules = openBaoRestore.properties.spec['x-kubernetes-validations']
      .map(({ rule }) => rule)
      .join(' ');
    for (const field of Object.keys(openBaoRestore.properties.spec.properties)) {
      if (field === 'confirm') expect(rules).to.not.contain('oldSelf.confirm');
      else expect(rules).to.contain(`self.${field} == oldSelf.${field}`);
    }
  });

  it('shows where a restore is', () => {
    expect(JSON.stringify(openBaoRestoreCrd())).to.contain('.status.phase').and.contain('obrestore');
  });
});

describe('an OpenBaoRestore', () => {
  const metadata = { name: 'back', namespace: 'bao' };

  it('is read as it was sent, with fields that we do not know', () => {
    const sent = { metadata, spec: { cluster: 'prod', snapshot: 'a', more: 1 }, status: { phase: 'New' } };
    expect(parseOpenBaoRestore(sent)).to.equal(sent);
  });

  it('needs a cluster and a snapshot', () => {
    for (const spec of [{ cluster: 'prod' }, { snapshot: 'a' }, { cluster: 1, snapshot: 'a' }]) {
      expect(() => parseOpenBaoRestore({ metadata, spec })).to.throw(SchemaViolation);
    }
  });
});
