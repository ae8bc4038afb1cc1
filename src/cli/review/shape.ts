import { objectMeta } from '../../api/kubernetes-schemas.ts';
import { metadataServices } from '../../api/metadataservices.ts';
import { openBaoCluster } from '../../api/openbaocluster.ts';
import { openBaoRestore } from '../../api/openbaorestore.ts';
import { isObject, nameOf } from '../manifests/manifest.ts';
import type { Path } from '../manifests/document.ts';

/** A field that has not the type it must have, or is not there. */
interface Misfit {
  readonly path: Path;
  readonly what: string;
  readonly remedy: string;
}

/** What is read of a schema: types and required fields, as an API server checks them whoever's CRD it is. */
interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly additionalProperties?: boolean | Shape;
}

const withMetadata = (of: Shape): Shape => ({
  type: 'object',
  required: ['metadata', ...(of.required ?? [])],
  properties: { ...of.properties, metadata: objectMeta },
});

/** The kinds that are judged by their own schema. */
export const shapes = {
  cluster: withMetadata(openBaoCluster),
  services: withMetadata(metadataServices),
  restore: withMetadata(openBaoRestore),
} as const;

/**
 * Finds the fields of an object of ours that made its parser refuse it, so that a message
 * can point at each. The parser decides; this only looks for where.
 */
export const misfitsOf = (type: keyof typeof shapes, object: unknown): readonly Misfit[] =>
  misfits(object, shapes[type], []);

function misfits(value: unknown, shape: Shape, path: Path): readonly Misfit[] {
  if (!fits(value, shape.type)) {
    return [
      {
        path,
        what: `${path.join('.')} must be ${expectedType(shape.type)}, but is ${nameOf(value)}`,
        remedy: remedyForType(value, shape.type),
      },
    ];
  }
  if (Array.isArray(value)) {
    const { items = {} } = shape;
    return value.flatMap((item, index) => misfits(item, items, [...path, index]));
  }
  if (!isObject(value)) return [];
  const missing = (shape.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => ({
      path: [...path, name],
      what: `${[...path, name].join('.')} is missing`,
      remedy: `add ${name}: below ${path.join('.') || 'kind:'}`,
    }));
  const wrong = Object.entries(value).flatMap(([name, each]) => {
    const known = Object.hasOwn(shape.properties ?? {}, name) ? shape.properties?.[name] : undefined;
    const open = typeof shape.additionalProperties === 'object' ? shape.additionalProperties : undefined;
    const inner = known ?? open;
    return inner === undefined || each === undefined ? [] : misfits(each, inner, [...path, name]);
  });
  return [...missing, ...wrong];
}

const expected: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

/** A type, for a message. */
export const expectedType = (type = ''): string => expected[type] ?? type;

function fits(value: unknown, type: string | undefined): boolean {
  switch (type) {
    case undefined:
      return true;
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** What to do about a value that has another type. */
export function remedyForType(value: unknown, type: string | undefined): string {
  if (value === null) return 'give it a value or leave it out';
  if (type === 'string' && typeof value !== 'object') return 'put it in quotes';
  if (type === 'boolean' && typeof value === 'string') return 'write true or false, without quotes';
  return `write ${expected[type ?? ''] ?? 'another value'} there`;
}
