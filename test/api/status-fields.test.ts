import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../../src/api/crd.ts';

/** What was ever in a status, one field a line: kind, version, path, type. Lines are added, never changed or removed. */
const record = 'test/testdata/api/status-fields.txt';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

interface Crd {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** The type, as far as a server-side apply looks at it. */
function typeOf(schema: Schema): string {
  const { 'x-kubernetes-list-type': list, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  return [schema.type ?? 'any', list, ...keys].filter((word) => word !== undefined).join(' ');
}

function* fieldsOf(schema: Schema, path: string): Generator<string> {
  yield `${path} ${typeOf(schema)}`;
  for (const [name, each] of Object.entries(schema.properties ?? {}))
    yield* fieldsOf(each, `${path}.${name}`);
  if (schema.items !== undefined) yield* fieldsOf(schema.items, `${path}[]`);
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object') yield* fieldsOf(additionalProperties, `${path}{}`);
}

const now = ([openBaoClusterCrd(), openBaoRestoreCrd(), metadataServicesCrd()] as readonly Crd[]).flatMap(
  ({ spec }) =>
    spec.versions
      .filter(({ served }) => served)
      .flatMap(({ name, schema }) => {
        const { status } = schema.openAPIV3Schema.properties ?? {};
        return status === undefined
          ? []
          : [...fieldsOf(status, 'status')].map((field) => `${spec.names.kind} ${name} ${field}`);
      }),
);

/** Lines that a schema like this one would lack. */
const lacking = (recorded: readonly string[], schema: readonly string[]) =>
  recorded.filter((line) => !schema.includes(line));

/**
 * A status that Git holds is compared with the schema at a server-side apply, before the API server drops it: a field
 * that is gone or has another type refuses the whole object (docs/facts/crossings-measured.md).
 */
describe('the fields of a status (UPDATE_TESTDATA=1 adds new ones to the record)', () => {
  const recorded = existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];

  it('are never removed and keep their type: one in Git would refuse a whole apply', () => {
    expect(recorded).to.have.length.above(100);
    expect(lacking(recorded, now), 'put these back, and give a new meaning another name').to.deep.equal([]);
  });

  it('are recorded, each from its first day on', () => {
    const added = lacking(now, recorded);
    if (process.env['UPDATE_TESTDATA'] === '1') {
      writeFileSync(record, [...recorded, ...added].toSorted().join('\n') + '\n');
    } else {
      const how = 'record them: UPDATE_TESTDATA=1 npm run mocha -- test/api/status-fields.test.ts';
      expect(added, how).to.deep.equal([]);
    }
  });

  it('are missed when one is taken away, and when one is given another type', () => {
    const field = 'OpenBaoCluster v1alpha1 status.currentVersion string';
    expect(now).to.include(field);
    const without = now.filter((line) => line !== field);
    expect(lacking(now, without)).to.deep.equal([field]);
    expect(lacking(now, [...without, field.replace('string', 'integer')])).to.deep.equal([field]);
  });
});
