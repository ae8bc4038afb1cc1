import { expect } from 'chai';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../../src/api/crd.ts';
import { metadataServices } from '../../src/api/metadataservices.ts';
import { openBaoCluster } from '../../src/api/openbaocluster.ts';
import { openBaoRestore } from '../../src/api/openbaorestore.ts';
import type { StructuralSchema } from '../../src/api/structural.ts';

/** Every schema below one, with its path. */
function* below(schema: StructuralSchema, path: string): Generator<readonly [string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, each] of Object.entries(schema.properties ?? {})) yield* below(each, `${path}.${name}`);
  if (schema.items) yield* below(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* below(schema.additionalProperties, `${path}{}`);
}

const kinds: readonly {
  readonly kind: string;
  readonly schema: StructuralSchema;
  readonly crd: () => object;
  /** What Kubernetes itself says the shape of. */
  readonly foreign: readonly string[];
}[] = [
  {
    kind: 'OpenBaoCluster',
    schema: openBaoCluster,
    crd: openBaoClusterCrd,
    foreign: ['OpenBaoCluster.spec.selfInit.requests[].data', 'OpenBaoCluster.spec.network.egressRules[]'],
  },
  { kind: 'OpenBaoRestore', schema: openBaoRestore, crd: openBaoRestoreCrd, foreign: [] },
  { kind: 'MetadataServices', schema: metadataServices, crd: metadataServicesCrd, foreign: [] },
];

for (const { kind, schema, crd, foreign } of kinds) {
  describe(`the schema of ${kind}`, () => {
    const schemas = [...below(schema, kind)];
    const pathsWhere = (isSo: (each: StructuralSchema) => boolean) =>
      schemas.filter(([, each]) => isSo(each)).map(([path]) => path);

    it('describes every field', () => {
      const silent = pathsWhere(({ description }) => !description).filter(
        (path) => !/(?:\[\]|\{\})$/.test(path),
      );
      expect(silent).to.deep.equal([]);
    });

    it('bounds every text and every list', () => {
      const endless = pathsWhere(
        (each) =>
          (each.type === 'string' && !each.maxLength && !each.enum && each.format !== 'date-time') ||
          (each.type === 'array' && !each.maxItems),
      );
      expect(endless).to.deep.equal([]);
    });

    it('bounds every number and every map', () => {
      const isNumber = ({ type }: StructuralSchema) => type === 'integer' || type === 'number';
      expect(pathsWhere((each) => isNumber(each) && each.minimum === undefined)).to.deep.equal([]);
      // What the controller counts has no upper end but that of its format.
      const endless = pathsWhere((each) => isNumber(each) && each.maximum === undefined);
      expect(endless.filter((path) => !path.startsWith(`${kind}.status.`))).to.deep.equal([]);
      expect(pathsWhere((each) => Boolean(each.additionalProperties) && !each.maxProperties)).to.deep.equal(
        [],
      );
    });

    it('closes every object that is no map and no foreign type, so that its type is exact', () => {
      const open = pathsWhere((each) => each.type === 'object' && each.additionalProperties === undefined);
      expect(open).to.deep.equal(foreign);
      expect(pathsWhere((each) => each['x-kubernetes-preserve-unknown-fields'] === true)).to.deep.equal(
        foreign,
      );
    });

    it('requires only fields that it has', () => {
      for (const [path, { required = [], properties = {} }] of schemas) {
        expect(Object.keys(properties), path).to.include.members([...required]);
      }
    });

    it('is in the CustomResourceDefinition, without what that forbids', () => {
      const text = JSON.stringify(crd());
      expect(text).not.to.contain('"additionalProperties":false');
      for (const [, { description }] of schemas)
        if (description) expect(text).to.contain(JSON.stringify(description));
    });
  });
}
