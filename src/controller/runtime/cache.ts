import type { KubernetesObject } from '../../api/kubernetes.ts';

/** An object came (no `old`), changed, or went (no `new`). */
export interface Change<T> {
  readonly key: string;
  readonly old?: T;
  readonly new?: T;
}

/** Objects by `namespace/name`, never going back to an older version of one. */
export interface ObjectCache<T extends KubernetesObject> {
  readonly size: number;
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /** Those of which `groupOf` gave this group, in the order of their coming. */
  inGroup(group: string): readonly T[];
  /** Takes an object that came or changed. Undefined when it is not newer than what is there. */
  put(object: T): Change<T> | undefined;
  /** Takes a newer version of an object that is there: the very same one, by its uid. */
  renew(object: T): Change<T> | undefined;
  /** Takes the last version of an object that is gone. */
  remove(object: T): Change<T> | undefined;
  /** Takes all there is, as a list has it; objects of a newer version than the list's stay. */
  replace(objects: readonly T[]): readonly Change<T>[];
}

/** `namespace/name`, or the name of an object that is in no namespace. */
export const keyOf = ({ metadata }: KubernetesObject): string =>
  metadata?.namespace === undefined ? (metadata?.name ?? '') : `${metadata.namespace}/${metadata.name}`;

/** The names in a key. */
export function namesOf(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
}

/**
 * Whether a version of an object is older than another. Kubernetes 1.35 promises whole numbers of any
 * length that grow; they were before, too. Versions that are no numbers compare as not older.
 */
export function isOlder(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

const versionOf = (object: KubernetesObject) => object.metadata?.resourceVersion ?? '';

/** @param groupOf to which group an object belongs, such as the key of its owner; to none by default */
export function objectCache<T extends KubernetesObject>(
  groupOf: (object: T) => string | undefined = () => undefined,
): ObjectCache<T> {
  const objects = new Map<string, T>();
  const groups = new Map<string, Map<string, T>>();

  const leaveGroup = (key: string, object: T | undefined) => {
    const group = object === undefined ? undefined : groupOf(object);
    if (group === undefined) return;
    groups.get(group)?.delete(key);
    if (groups.get(group)?.size === 0) groups.delete(group);
  };
  const set = (key: string, object: T) => {
    const old = objects.get(key);
    const group = groupOf(object);
    if (old !== undefined && groupOf(old) !== group) leaveGroup(key, old);
    objects.set(key, object);
    if (group === undefined) return;
    const members = groups.get(group) ?? new Map<string, T>();
    groups.set(group, members.set(key, object));
  };
  const drop = (key: string, old: T): Change<T> => {
    objects.delete(key);
    leaveGroup(key, old);
    return { key, old };
  };
  const put = (object: T): Change<T> | undefined => {
    const key = keyOf(object);
    const old = objects.get(key);
    if (old === undefined) {
      set(key, object);
      return { key, new: object };
    }
    if (versionOf(old) === versionOf(object) || isOlder(versionOf(object), versionOf(old))) return undefined;
    set(key, object);
    return { key, old, new: object };
  };

  return {
    get size() {
      return objects.size;
    },
    get: (key) => objects.get(key),
    values: () => objects.values(),
    inGroup: (group) => [...(groups.get(group)?.values() ?? [])],
    put,
    renew: (object) =>
      objects.get(keyOf(object))?.metadata?.uid === object.metadata?.uid ? put(object) : undefined,
    remove(object) {
      const key = keyOf(object);
      const old = objects.get(key);
      if (old === undefined || isOlder(versionOf(object), versionOf(old))) return undefined;
      return drop(key, old);
    },
    replace(listed) {
      const there = new Set(listed.map(keyOf));
      const gone = [...objects].filter(([key]) => !there.has(key)).map(([key, old]) => drop(key, old));
      return [...gone, ...listed.map(put).filter((change) => change !== undefined)];
    },
  };
}
