import type { StructuralSchema } from '../../src/api/structural.ts';

/** The fields of the schema that have no fields of their own. */
export function leaves({ properties }: StructuralSchema, path: readonly string[] = []): readonly Leaf[] {
  return Object.entries(properties ?? {}).flatMap(([name, schema]) =>
    schema.properties === undefined ? [{ path: [...path, name], schema }] : leaves(schema, [...path, name]),
  );
}

/** One of them, and where it stands. */
export interface Leaf {
  readonly path: readonly string[];
  readonly schema: StructuralSchema;
}

/** The object with that field set; undefined takes it out. */
export function changed(object: unknown, [name = '', ...rest]: readonly string[], value: unknown): object {
  const fieldsOf = { ...(object as Record<string, unknown> | undefined) };
  const isThere = value !== undefined || fieldsOf[name] !== undefined;
  if (!isThere) return fieldsOf;
  if (rest.length > 0) fieldsOf[name] = changed(fieldsOf[name], rest, value);
  else if (value === undefined) delete fieldsOf[name];
  else fieldsOf[name] = value;
  return fieldsOf;
}
