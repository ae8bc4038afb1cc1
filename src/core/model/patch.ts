/** Sets and removes fields. */
export function patched<T extends object>(
  object: T,
  patch: { readonly [Key in keyof T]?: T[Key] | undefined },
): T {
  const next = Object.entries({ ...object, ...patch }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(next) as T;
}
