import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { defined } from './object-fields.ts';
import formats from './formats.ts';
import type { StructuralSchema } from './structural.ts';

// Only the first wrong field: to collect all of a body of 8 MiB takes seconds and a gigabyte.
const ajv = new Ajv({ strict: true, formats });
ajv.addVocabulary([
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);

/** Input that does not have the shape it must have. `message` names the field and what is wrong with it. */
export class SchemaViolation extends Error {
  readonly code = 'SCHEMA_VIOLATION';
}

/**
 * Makes a parser from a JSON Schema: what it returns has the schema's shape.
 *
 * @param schema compiled once, when the first input comes: each step of an upgrade is a program of its own, and more
 *   than half of its start was to compile what it then did not read
 * @param subject what the message calls the input, for example `AdmissionReview`
 * @throws SchemaViolation (from the parser) naming the first wrong field
 */
export function parser<T>(schema: object, subject: string): (input: unknown) => T {
  let validate: ValidateFunction<T> | undefined;
  return (input) => {
    validate ??= ajv.compile<T>(schema);
    if (validate(input)) return input;
    const [first] = validate.errors ?? [];
    throw new SchemaViolation(`${subject}: ${first === undefined ? 'is invalid' : describe(first)}`);
  };
}

function describe({ instancePath, keyword, params, message }: ErrorObject): string {
  // A JSON Pointer, whose keys have ~1 for / and ~0 for ~.
  const dotted = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const path = dotted === '' ? '' : `${dotted} `;
  return `${path}${message ?? keyword}${detail(keyword, params)}`;
}

function detail(keyword: string, params: ErrorObject['params']): string {
  if (keyword === 'additionalProperties') return ` (${String(params['additionalProperty'])})`;
  if (keyword === 'enum') return ` (${(params['allowedValues'] as readonly unknown[]).join(', ')})`;
  return '';
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
    ...defined({ required }),
    ...(items === undefined ? {} : { items: shapeOf(items) }),
  };
}
