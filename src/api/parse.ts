import { Ajv, type ErrorObject } from 'ajv';
import formats from './formats.ts';
import type { StructuralSchema } from './structural.ts';

const ajv = new Ajv({ allErrors: true, strict: true, formats });
ajv.addVocabulary([
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);

/** Input that does not have the shape it must have. `message` names each field and what is wrong with it. */
export class SchemaViolation extends Error {
  readonly code = 'SCHEMA_VIOLATION';
}

/**
 * Makes a parser from a JSON Schema: what it returns has the schema's shape.
 *
 * @param schema compiled once, here
 * @param subject what the message calls the input, for example `AdmissionReview`
 * @throws SchemaViolation (from the parser) naming up to five fields
 */
export function parser<T>(schema: object, subject: string): (input: unknown) => T {
  const validate = ajv.compile<T>(schema);
  return (input) => {
    if (validate(input)) return input;
    throw new SchemaViolation(`${subject}: ${(validate.errors ?? []).slice(0, 5).map(describe).join('; ')}`);
  };
}

function describe({ instancePath, keyword, params, message }: ErrorObject): string {
  // A JSON Pointer, whose keys have ~1 for / and ~0 for ~.
  const dotted = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const path = dotted === '' ? '' : `${dotted} `;
  const detail = keyword === 'additionalProperties' ? ` (${String(params['additionalProperty'])})` : '';
  return `${path}${message ?? keyword}${detail}`;
}

/**
 * The schema's shape alone: types and required fields, without bounds, enumerations and
 * closed objects. For objects that the API server has already validated against a CRD that
 * may be newer than ours, or another's: an unknown field or value must not stop us.
 */
export function shapeOf({ type, properties, required, items }: StructuralSchema): object {
  return {
    type,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, each]) => [name, shapeOf(each)]),
          ),
        }),
    ...(required === undefined ? {} : { required }),
    ...(items === undefined ? {} : { items: shapeOf(items) }),
  };
}
