import type { MetadataServicesSpec, ReleaseInputs, ReleaseSnapshot } from '../../api/metadataservices.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { canonicalQuantity } from '../workload/quantity.ts';
import type { ServiceComponent } from './names.ts';

export type { ReleaseInputs, ReleaseSnapshot } from '../../api/metadataservices.ts';

interface InputList {
  readonly spec: readonly string[];
  readonly service: readonly string[];
}

const newest = '1';
const fields: InputList = {
  spec: ['imageRepository', 'imagePullSecrets', 'serviceAccountName', 'config'],
  service: ['imageTag', 'image', 'resources', 'config', 'port', 'readinessPath', 'secondary'],
};
/** Which fields count, by the number that a hash begins with. A new field makes a new list; old hashes keep theirs. */
const lists: ReadonlyMap<string, InputList> = new Map([[newest, fields]]);

type Fields = Readonly<Record<string, unknown>>;

const pick = (from: object, names: readonly string[]): Fields =>
  Object.fromEntries(
    names
      .map((name) => [name, (from as Fields)[name]] as const)
      .filter(([, value]) => value !== undefined && !isEmpty(value)),
  );

/** An empty map or list, an empty text and `false` say the same as nothing. */
const isEmpty = (value: unknown): boolean =>
  value === '' ||
  value === false ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/**
 * What a release of this spec is made from. What is left out stays out: our own defaults make no release
 * (docs/design.md, rule 12).
 */
export function releaseInputs(spec: ReleaseInputs, list: string = newest): ReleaseInputs {
  const { spec: own, service } = lists.get(list) ?? fields;
  return {
    ...pick(spec, own),
    storage: pick(spec.storage, service) as ReleaseInputs['storage'],
    schema: pick(spec.schema, service) as ReleaseInputs['schema'],
  };
}

/** Names the inputs: the same for what means the same, 1Gi and 1024Mi among it. */
export function inputsHash(spec: ReleaseInputs, list: string = newest): string {
  const { storage, schema, ...others } = releaseInputs(spec, list);
  return `${list}-${fingerprint({ ...others, storage: canonical(storage), schema: canonical(schema) })}`;
}

const canonical = ({ resources, ...service }: ReleaseInputs['schema']): object => ({
  ...service,
  ...(resources === undefined
    ? {}
    : {
        resources: Object.fromEntries(
          Object.entries(resources).map(([name, quantity]) => [name, canonicalQuantity(quantity)]),
        ),
      }),
});

/** Whether spec asks for exactly what has this hash, by the list of fields of its time. */
export function asksFor(spec: ReleaseInputs, hash: string | undefined): boolean {
  const [list = ''] = (hash ?? '').split('-');
  return lists.has(list) && inputsHash(spec, list) === hash;
}

/** What a release of this spec would be. */
export function snapshotOf(spec: MetadataServicesSpec, defaultRepository: string): ReleaseSnapshot {
  const image = (source: 'storage' | 'schema') =>
    `${spec[source].image ?? `${spec.imageRepository ?? defaultRepository}/${source}`}:${spec[source].imageTag}`;
  return { inputs: releaseInputs(spec), images: { storage: image('storage'), schema: image('schema') } };
}

/** What a release of these inputs consists of. */
export const componentsOf = ({ storage }: ReleaseInputs): readonly ServiceComponent[] =>
  storage.secondary === true ? ['storage', 'schema', 'storage-secondary'] : ['storage', 'schema'];

/**
 * A JSON merge patch (RFC 7386) that makes spec ask for these inputs again, and touches nothing that is as it was.
 *
 * @returns undefined when nothing differs
 */
export function restoringPatch(spec: MetadataServicesSpec, inputs: ReleaseInputs): object | undefined {
  return difference(releaseInputs(spec), releaseInputs(inputs));
}

function difference(from: Fields, to: Fields): Fields | undefined {
  const entries = [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name) => {
    const [before, after] = [from[name], to[name]];
    if (after === undefined) return [[name, null] as const];
    if (isMap(after) && isMap(before)) {
      const inner = difference(before, after);
      return inner === undefined ? [] : [[name, inner] as const];
    }
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [[name, after] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
