import type { StructuralSchema } from '../../api/structural.ts';
import { isObject } from '../manifests/manifest.ts';

/**
 * An object as the API server stores it: an empty field is an absent one, unless the schema lets it be empty.
 * That goes for a field that the schema does not know as well (measured with kubectl apply, Kubernetes 1.36);
 * what stands in one that has a value stays, so that it can be told.
 */
export function withoutNulls(value: unknown, schema: StructuralSchema): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((each: unknown) => withoutNulls(each, items));
  }
  if (!isObject(value)) return value;
  const kept = Object.entries(value).flatMap(([name, each]) => {
    const inner = schemaOfField(schema, name);
    if (each === null && inner?.nullable !== true) return [];
    return [[name, inner === undefined ? each : withoutNulls(each, inner)] as const];
  });
  return Object.fromEntries(kept);
}

/** The schema of a field, whether it is named there or is one of a map. */
export function schemaOfField(
  { properties = {}, additionalProperties }: StructuralSchema,
  name: string,
): StructuralSchema | undefined {
  if (Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
