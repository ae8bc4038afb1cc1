import { defined } from '../../api/object-fields.ts';

/** Sets and removes fields. */
export function patched<T extends object>(
  object: T,
  patch: { readonly [Key in keyof T]?: T[Key] | undefined },
): T {
  return defined({ ...object, ...patch }) as T;
}
