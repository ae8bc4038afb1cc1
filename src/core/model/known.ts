/**
 * A fact, or why it is not known: it could not be read, is not so yet, or a text does not say it. Unknown is a value
 * and never means yes (docs/design.md, rule 2).
 */
export type Known<T> =
  { readonly kind: 'known'; readonly value: T } | { readonly kind: 'unknown'; readonly cause: string };

export const known = <T>(value: T): Known<T> => ({ kind: 'known', value });

/** @param cause why it is not known, a clause that fits behind a colon */
export const unknown = (cause: string): Known<never> => ({ kind: 'unknown', cause });
