/** The way to a field: keys and indexes. */
export type Path = readonly (string | number)[];

/** One YAML or JSON document. */
export interface Document {
  readonly value: unknown;
  readonly at: At;
}

/**
 * `file:line:column` of a field, or of the key nearest above it where it is not there.
 *
 * @param of whether its key is meant where both are there; default: the value
 */
export type At = (path: Path, of?: 'key' | 'value') => string;

/** `file:line:column` of an offset in a text. */
export type Where = (offset: number) => string;
