import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { DataValidateFunction, DataValidationCxt } from 'ajv/dist/types/index.js';
import formats from '../../api/formats.ts';
import { metadataServices } from '../../api/metadataservices.ts';
import { openBaoCluster } from '../../api/openbaocluster.ts';
import { openBaoRestore } from '../../api/openbaorestore.ts';
import type { StructuralSchema } from '../../api/structural.ts';
import { sameValue } from '../../core/model/same-value.ts';
import type { Path } from '../manifests/document.ts';
import { isObject, type JsonObject } from '../manifests/manifest.ts';
import { compileRule } from './cel.ts';
import { nameFormats } from './names.ts';
import { mostAnnotationBytes, wholeObjectMeta } from './object-meta.ts';
import { messageOf, unknownField } from './schema-message.ts';
import { schemaOfField, withoutNulls } from './without-nulls.ts';

/** The kinds that are ours, and so is their CustomResourceDefinition. */
export type OwnKind = 'OpenBaoCluster' | 'MetadataServices' | 'OpenBaoRestore';

/** A place where the API server refuses an object. */
export interface Invalid {
  readonly path: Path;
  /** A sentence without its full stop; it does not name the field. */
  readonly what: string;
  readonly remedy: string;
  /** Whether it is about the key, and not about what stands there. */
  readonly isKey: boolean;
}

const schemas: Readonly<Record<OwnKind, StructuralSchema>> = {
  OpenBaoCluster: openBaoCluster,
  MetadataServices: metadataServices,
  OpenBaoRestore: openBaoRestore,
};

/** The one version of our CustomResourceDefinitions. */
const servedVersion = 'v1alpha1';

/** An empty field that may not be empty is an absent one. */
export function pruned(kind: OwnKind, object: JsonObject): JsonObject {
  return withoutNulls(object, withTypeMeta(schemas[kind])) as JsonObject;
}

/**
 * Where the API server would refuse the object by the kind's CustomResourceDefinition: unknown fields as strict
 * field validation does, which kubectl asks for; metadata, types, bounds, formats and CEL rules.
 *
 * What is as it was is not refused again (CRDValidationRatcheting, on since Kubernetes 1.30), but for unknown fields.
 *
 * @param object as a file gives it, pruned
 * @param stored as stored, in an UPDATE
 */
export function invalidPlaces(
  kind: OwnKind,
  object: JsonObject,
  stored: JsonObject | undefined,
): readonly Invalid[] {
  const version = String(object['apiVersion']).split('/').at(-1) ?? '';
  if (version !== servedVersion) {
    return [
      {
        path: ['apiVersion'],
        what: `names version ${version}, which ${kind} does not have`,
        remedy: `write ${String(object['apiVersion']).split('/')[0]}/${servedVersion}`,
        isKey: false,
      },
    ];
  }
  const validate = validatorOf(kind);
  const scope: RuleScope = { stored };
  const errors = validate.call(scope, withName(object)) ? [] : (validate.errors ?? []);
  const { properties: { status = anything } = {} } = schemas[kind];
  return [
    ...errors
      // The error about a name itself is told again by `propertyNames`.
      .filter(({ propertyName }) => propertyName === undefined)
      .filter((error) => !isUnchanged(error, schemas[kind], object, stored))
      .map((error) => ({
        path: pathOf(error, object),
        ...messageOf(error, valueAt(object, stepsOf(error))),
      })),
    ...unknownFields(object['status'], status, ['status']),
    ...tooManyAnnotations(object),
  ];
}

const anything: StructuralSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Rules see the name that the API server would make of generateName, of at most 63 characters. */
function withName(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isObject(metadata) || typeof metadata['generateName'] !== 'string') return object;
  return { ...object, metadata: { name: `${metadata['generateName'].slice(0, 58)}xxxxx`, ...metadata } };
}

/** All that is looked at in a status that comes this way: the rest of it the API server drops. */
function unknownFields(value: unknown, schema: StructuralSchema, path: Path): readonly Invalid[] {
  if (Array.isArray(value)) {
    const { items = anything } = schema;
    return value.flatMap((each: unknown, index) => unknownFields(each, items, [...path, index]));
  }
  if (!isObject(value) || schema['x-kubernetes-preserve-unknown-fields'] === true) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    const inner = schemaOfField(schema, name);
    return inner === undefined
      ? [{ path: [...path, name], ...unknownField(name, schema) }]
      : unknownFields(each, inner, [...path, name]);
  });
}

/** What a rule has beside the value that it judges. */
interface RuleScope {
  readonly stored: JsonObject | undefined;
}

const validators = new Map<OwnKind, ValidateFunction>();

/** Compiled when it is first needed: most runs need one, and `--help` none. */
function validatorOf(kind: OwnKind): ValidateFunction {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  const { properties, ...schema } = withTypeMeta(schemas[kind]);
  // A status is large, and to compile its schema takes as long as all the rest.
  const validate = ajv().compile({ ...schema, properties: { ...properties, status: {} } });
  validators.set(kind, validate);
  return validate;
}

const withTypeMeta = (schema: StructuralSchema): StructuralSchema => ({
  ...schema,
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: wholeObjectMeta as unknown as StructuralSchema,
    ...schema.properties,
  },
});

function ajv(): Ajv {
  const made = new Ajv({ strict: true, allErrors: true, verbose: true, passContext: true, formats });
  for (const [name, { validate }] of Object.entries(nameFormats)) made.addFormat(name, validate);
  made.addVocabulary(['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-list-type']);
  made.addKeyword({
    keyword: 'x-kubernetes-validations',
    schemaType: 'array',
    errors: true,
    compile: rulesHold,
  });
  made.addKeyword({
    keyword: 'x-kubernetes-list-map-keys',
    schemaType: 'array',
    type: 'array',
    errors: true,
    compile: keysAreUnique,
  });
  return made;
}

type Rules = NonNullable<StructuralSchema['x-kubernetes-validations']>;

function rulesHold(rules: Rules, parent: object): DataValidateFunction {
  const { type } = parent as StructuralSchema;
  const compiled = rules.map(({ rule, message }) => ({
    holds: compileRule(rule),
    message,
    // Such a rule compares, so it is about an UPDATE alone.
    compares: /\boldSelf\b/.test(rule),
    ofName: rule.startsWith('self.metadata.name.'),
  }));
  const validate: DataValidateFunction = function judge(
    this: RuleScope,
    self: unknown,
    context?: DataValidationCxt,
  ) {
    if (type === 'object' ? !isObject(self) : typeof self !== type) return true;
    const oldSelf = valueAt(this.stored, stepsIn(context?.instancePath ?? ''));
    const broken = compiled.filter(
      ({ holds, compares }) =>
        !(compares && oldSelf === undefined) && !isTrue(() => holds({ self, oldSelf })),
    );
    validate.errors = broken.map(({ message, compares, ofName }) => ({
      keyword: 'x-kubernetes-validations',
      message,
      params: { compares, ofName },
    }));
    return broken.length === 0;
  };
  return validate;
}

/** A rule that fails does not hold. */
function isTrue(holds: () => boolean): boolean {
  try {
    return holds();
  } catch {
    return false;
  }
}

function keysAreUnique(keys: readonly string[]): DataValidateFunction {
  const validate: DataValidateFunction = (items: readonly unknown[]) => {
    const seen = new Set<string>();
    const duplicates = items.flatMap((item, index) => {
      const key = JSON.stringify(keys.map((name) => (isObject(item) ? item[name] : undefined)));
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew ? [] : [index];
    });
    validate.errors = duplicates.map((index) => ({
      keyword: 'x-kubernetes-list-map-keys',
      params: { index, keys },
    }));
    return duplicates.length === 0;
  };
  return validate;
}

/** The way to what is refused: to the missing or the unknown field, and else to the value. */
function pathOf(error: ErrorObject, object: JsonObject): Path {
  const { keyword, params } = error;
  if (params['ofName'] === true) return ['metadata', 'name'];
  const steps = withIndexes(stepsOf(error), object);
  const named: unknown =
    keyword === 'additionalProperties'
      ? params['additionalProperty']
      : keyword === 'required'
        ? params['missingProperty']
        : keyword === 'propertyNames'
          ? params['propertyName']
          : keyword === 'x-kubernetes-list-map-keys'
            ? params['index']
            : undefined;
  return named === undefined ? steps : [...steps, named as string | number];
}

const stepsOf = ({ instancePath }: ErrorObject): readonly string[] => stepsIn(instancePath);

/** The steps of a JSON Pointer. */
const stepsIn = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

function withIndexes(steps: readonly string[], object: unknown): Path {
  let value = object;
  return steps.map((step) => {
    const typed = Array.isArray(value) ? Number(step) : step;
    value = child(value, step);
    return typed;
  });
}

const valueAt = (object: unknown, steps: readonly string[]): unknown => steps.reduce(child, object);

function child(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return value[Number(step)];
  return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/**
 * Whether what an error is about is as it is stored. Of a list whose items have no keys, only the whole list can
 * be compared.
 */
function isUnchanged(
  error: ErrorObject,
  schema: StructuralSchema,
  object: JsonObject,
  stored: JsonObject | undefined,
): boolean {
  const steps = stepsOf(error);
  const compares = error.params['compares'] === true;
  if (stored === undefined || compares || error.keyword === 'additionalProperties') return false;
  if (steps[0] === 'metadata') return false;
  let [now, before, at]: [unknown, unknown, StructuralSchema | undefined] = [object, stored, schema];
  for (const step of steps) {
    if (before === undefined || at === undefined) return false;
    if (Array.isArray(now)) {
      const keys = at['x-kubernetes-list-map-keys'];
      const item: unknown = now[Number(step)];
      before = keys === undefined ? undefined : itemLike(item, before, keys);
      [now, at] = [item, at.items];
    } else {
      [now, before, at] = [child(now, step), child(before, step), schemaOfField(at, step)];
    }
    if (before !== undefined && sameValue(now, before)) return true;
  }
  return false;
}

function itemLike(item: unknown, items: unknown, keys: readonly string[]): unknown {
  if (!Array.isArray(items)) return undefined;
  return items.find((each) => keys.every((key) => sameValue(child(each, key), child(item, key)))) as unknown;
}

function tooManyAnnotations(object: JsonObject): readonly Invalid[] {
  const annotations = valueAt(object, ['metadata', 'annotations']);
  if (!isObject(annotations)) return [];
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) =>
      sum + Buffer.byteLength(key) + (typeof value === 'string' ? Buffer.byteLength(value) : 0),
    0,
  );
  if (bytes <= mostAnnotationBytes) return [];
  return [
    {
      path: ['metadata', 'annotations'],
      what: `must have no more than ${mostAnnotationBytes} bytes together, but have ${bytes}`,
      remedy: 'keep long texts in a ConfigMap',
      isKey: true,
    },
  ];
}
