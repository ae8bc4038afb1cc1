import type { ErrorObject } from 'ajv';
import { nameOf } from '../manifests/manifest.ts';
import { nameFormats } from './names.ts';
import { expectedType, remedyForType } from './shape.ts';

interface Message {
  /** A sentence without its full stop and without its subject, which is the field. */
  readonly what: string;
  readonly remedy: string;
  /** Whether it is about the key, and not about what stands there. */
  readonly isKey: boolean;
}

const about = (what: string, remedy: string, isKey = false): Message => ({ what, remedy, isKey });

/**
 * What one error of the schema says to a person.
 *
 * @param value what the error is about
 */
export function messageOf(
  { keyword, params, message = '', parentSchema }: ErrorObject,
  value: unknown,
): Message {
  const limit = Number(params['limit']);
  switch (keyword) {
    case 'additionalProperties':
      return unknownField(String(params['additionalProperty']), parentSchema);
    case 'required':
      return about('is missing', `add ${String(params['missingProperty'])}: there`, true);
    case 'propertyNames':
      return about(
        `is no name for it: it ${formatOf(parentSchema?.['propertyNames'])}`,
        'write another name',
        true,
      );
    case 'type': {
      const type = String(params['type']);
      return about(`must be ${expectedType(type)}, but is ${nameOf(value)}`, remedyForType(value, type));
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly string[]).join(', ');
      return about(
        `must be one of ${allowed}, but is ${shown(value)}`,
        'write one of them, as it is spelt there',
      );
    }
    case 'minimum':
      return about(`must be at least ${limit}, but is ${shown(value)}`, `write ${limit} or more`);
    case 'maximum':
      return about(`must be at most ${limit}, but is ${shown(value)}`, `write ${limit} or less`);
    case 'minLength':
      return about('must not be empty', 'give it a value or leave it out');
    case 'maxLength':
      return about(
        `must have at most ${limit} characters, but has ${[...String(value)].length}`,
        'write a shorter one',
      );
    case 'maxItems':
    case 'maxProperties':
      return about(`must have at most ${limit} entries`, 'take some out');
    case 'format':
      return about(`${formatOf(params)}, but is ${shown(value)}`, 'correct it');
    case 'x-kubernetes-validations':
      return about(ruleSays(message), 'correct it as it says');
    case 'x-kubernetes-list-map-keys':
      return about(
        `has the same ${(params['keys'] as readonly string[]).join(' and ')} as an entry before it`,
        'keep one of the two',
      );
    default:
      return about(message, 'correct it');
  }
}

/** Some begin with the field that they are about. */
function ruleSays(message: string): string {
  const rest = message.replace(/^metadata\.name (?=must )/, '');
  return rest.startsWith('must ') ? rest : `is refused: ${rest}`;
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? '';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

function formatOf(schema: unknown): string {
  const { format = '' } = (schema ?? {}) as { readonly format?: string };
  if (format === 'date-time') return 'must be a time such as 2026-11-01T12:00:00Z';
  if (format in nameFormats) return nameFormats[format as keyof typeof nameFormats].must;
  return `must be of format ${format}`;
}

/** @param schema of what it stands in */
export function unknownField(name: string, schema: object = {}): Message {
  const like = Object.keys(('properties' in schema && (schema.properties as object)) || {}).find((each) =>
    isLike(each, name),
  );
  const remedy =
    like === undefined ? 'take it away, or look where it belongs' : `write ${like}, or take it away`;
  return about('is not a known field', remedy, true);
}

/** Whether one may stand for the other: but for case, an ending, or two letters. */
function isLike(field: string, written: string): boolean {
  const [a, b] = [field.toLowerCase(), written.toLowerCase()];
  return distance(a, b) <= (Math.min(a.length, b.length) > 4 ? 2 : 1);
}

/** How many letters are to be put in, taken out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
