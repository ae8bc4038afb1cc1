import type { KubernetesObject, ObjectMeta } from '../../api/kubernetes.ts';

/**
 * The object with one annotation set, or without it where `value` is undefined. Everything
 * else is shared with the input, and the input itself is returned where nothing changes.
 */
export function withAnnotation<T extends KubernetesObject & { readonly metadata: ObjectMeta }>(
  object: T,
  key: string,
  value: string | undefined,
): T {
  const { annotations = {} } = object.metadata;
  if (annotations[key] === value) return object;
  const { [key]: _, ...others } = annotations;
  const changed = value === undefined ? others : { ...others, [key]: value };
  return { ...object, metadata: { ...object.metadata, annotations: changed } };
}
