import { expect } from 'chai';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../../src/api/crd.ts';
import { metadataServices } from '../../src/api/metadataservices.ts';
import { openBaoCluster } from '../../src/api/openbaocluster.ts';
import { openBaoRestore } from '../../src/api/openbaorestore.ts';
import type { StructuralSchema } from '../../src/api/structural.ts';

const kinds = {
  OpenBaoCluster: openBaoCluster,
  OpenBaoRestore: openBaoRestore,
  MetadataServices: metadataServices,
};

/** Every field below a schema, with its path and whether its object requires it. */
function* fieldsBelow(schema: StructuralSchema, path: string): Generator<Field> {
  const { properties = {}, required = [], items } = schema;
  for (const [name, field] of Object.entries(properties)) {
    const here = `${path}.${name}`;
    yield {
      path: here,
      description: field.description ?? '',
      schema: field,
      isRequired: required.includes(name),
    };
    yield* fieldsBelow(field, here);
  }
  if (items) yield* fieldsBelow(items, `${path}[]`);
}

interface Field {
  readonly path: string;
  readonly description: string;
  readonly schema: StructuralSchema;
  readonly isRequired: boolean;
}

const fields = Object.entries(kinds).flatMap(([kind, schema]) => [...fieldsBelow(schema, kind)]);
const pathsWhere = (isSo: (field: Field) => boolean) => fields.filter(isSo).map(({ path }) => path);

describe('the description of a field', () => {
  it('is one or more full sentences of at least four words', () => {
    expect(pathsWhere(({ description }) => !isSentence(description))).to.deep.equal([]);
  });

  it('says that something is a default in one way: Defaults to', () => {
    expect(
      pathsWhere(({ description }) => /left out|by default|default:|defaults(?! to )/i.test(description)),
    ).to.deep.equal([]);
  });

  it('tells the default of each setting that need not be set', () => {
    const silent = pathsWhere(
      ({ path, description, schema, isRequired }) =>
        /^\w+\.spec\./.test(path) &&
        isSetting(schema) &&
        !isRequired &&
        !/Defaults to \S|Required|Any new value/.test(description),
    );
    // Whose number is not the controller's to choose.
    expect(silent).to.deep.equal([
      'MetadataServices.spec.storage.replicas',
      'MetadataServices.spec.schema.replicas',
    ]);
  });
});

describe('the description of a printer column', () => {
  it('is a full sentence of at least four words', () => {
    for (const crd of [openBaoClusterCrd(), openBaoRestoreCrd(), metadataServicesCrd()]) {
      const { versions } = (crd as { spec: { versions: [{ additionalPrinterColumns: object[] }] } }).spec;
      for (const column of versions[0].additionalPrinterColumns as { name: string; description: string }[]) {
        expect(isSentence(column.description), `${column.name}: ${column.description}`).to.equal(true);
      }
    }
  });
});

const isSentence = (text: string) => /^[A-Z].*\.$/.test(text) && text.split(/\s+/).length >= 4;

/** A field with one of few values: a switch, a number, a choice, a duration. */
const isSetting = ({ type, enum: choices, description = '', ...schema }: StructuralSchema) =>
  type === 'boolean' ||
  type === 'integer' ||
  choices !== undefined ||
  description.includes('The value is a duration') ||
  schema.format === 'date-time';
