import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { parse } from 'yaml';

type Values = Record<string, unknown>;

const values = (): Values => parse(readFileSync('packaging/helm/values.yaml', 'utf8')) as Values;
const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isEmpty = (value: unknown) => typeof value === 'object' && Object.keys(value ?? {}).length === 0;

/** The path of each value that is not the same as none, but for the quantities, which are the pods' own affair. */
const pathsOf = (map: Values, before: readonly string[] = []): readonly (readonly string[])[] =>
  Object.entries(map).flatMap(([key, value]) => {
    const path = [...before, key];
    if (isEmpty(value)) return [];
    return isMap(value) && key !== 'resources' ? [path, ...pathsOf(value, path)] : [path];
  });

/** What Helm makes of a value that is null, such as a name with nothing behind it: it takes the default away. */
function without(path: readonly string[]): Values {
  const all = values();
  const outer = path.slice(0, -1).reduce((map, key) => map[key] as Values, all);
  delete outer[path.at(-1) ?? ''];
  return all;
}

describe('values of the Helm chart that are null', () => {
  const isValid = new Ajv().compile(JSON.parse(readFileSync('packaging/helm/values.schema.json', 'utf8')));

  it('are refused, for what is not there would be left out of the install, as is the gate without certificates', () => {
    expect(isValid(values())).to.equal(true);
    const paths = pathsOf(values());
    expect(paths.map((path) => path.join('.'))).to.include.members([
      'certificates',
      'crds.enabled',
      'webhook',
    ]);
    expect(paths.filter((path) => isValid(without(path)))).to.deep.equal([]);
  });

  it('are nothing where the default is empty', () => {
    expect(isValid(without(['webhook', 'tolerations']))).to.equal(true);
  });
});
