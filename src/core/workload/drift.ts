import type { KubernetesObject, StatefulSet } from '../../api/kubernetes.ts';
import { appliedHashAnnotation, appliedImageAnnotation } from '../../api/labels.ts';
import { omit } from '../../api/object-fields.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { serverContainer } from '../model/names.ts';
import { appliedImage } from './applied-image.ts';

/**
 * Marks an object with what it is made of. A field that is dropped from the rendering changes the mark, so that
 * what is left of it in the live object is noticed too, and taken away by the next server-side apply.
 */
export function withHash(object: KubernetesObject): KubernetesObject {
  const { [appliedHashAnnotation]: _, ...annotations } = object.metadata?.annotations ?? {};
  const metadata = { ...object.metadata, annotations };
  const hash = fingerprint({ ...object, metadata });
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, [appliedHashAnnotation]: hash } },
  };
}

/**
 * Whether the live object has every field that we set, with our value. What others added, defaults, status or an
 * injected sidecar, does not count: no fight over it.
 */
export function isApplied(desired: KubernetesObject, live: KubernetesObject): boolean {
  // An item of a list says neither.
  const fields = omit(withoutDropped(withAskedImage(desired), live), 'apiVersion', 'kind');
  return holds(fields, withAskedImage(live));
}

/** With the image as it was asked for: applied again, it would only be spelled otherwise once more (V3). */
function withAskedImage(object: KubernetesObject): KubernetesObject {
  const { spec } = object as StatefulSet;
  const containers = spec?.template?.spec?.containers;
  if (containers === undefined || object.metadata?.annotations?.[appliedImageAnnotation] === undefined)
    return object;
  const image = appliedImage(object as StatefulSet);
  const asked = containers.map((each) => (each.name === serverContainer ? { ...each, image } : each));
  const template = { ...spec?.template, spec: { ...spec?.template?.spec, containers: asked } };
  return { ...object, spec: { ...spec, template } } as KubernetesObject;
}

/**
 * Without what an API server drops that has the feature off: StatefulSets' maxUnavailable, and without it they
 * are replaced one at a time as well (docs/facts/crossings-measured.md). Else each look would apply it again.
 */
function withoutDropped(desired: KubernetesObject, live: KubernetesObject): KubernetesObject {
  const wanted = strategyOf(desired);
  const found = strategyOf(live);
  if (wanted?.maxUnavailable === undefined || found === undefined || found.maxUnavailable !== undefined)
    return desired;
  const { spec } = desired as StatefulSet;
  const rollingUpdate = omit(wanted, 'maxUnavailable');
  return {
    ...desired,
    spec: { ...spec, updateStrategy: { ...spec?.updateStrategy, rollingUpdate } },
  } as KubernetesObject;
}

const strategyOf = (object: KubernetesObject) =>
  object.kind === 'StatefulSet' ? (object as StatefulSet).spec?.updateStrategy?.rollingUpdate : undefined;

function holds(desired: unknown, live: unknown): boolean {
  if (desired === undefined) return true;
  if (Array.isArray(desired)) {
    // The API server drops an empty list.
    if (desired.length === 0) return live === undefined || (Array.isArray(live) && live.length === 0);
    return Array.isArray(live) && arrayHolds(desired, live);
  }
  if (typeof desired !== 'object' || desired === null) return desired === live;
  if (typeof live !== 'object' || live === null || Array.isArray(live)) return false;
  return Object.entries(desired).every(([name, value]) => holds(value, (live as Fields)[name]));
}

type Fields = Readonly<Record<string, unknown>>;

/** Lists that the API server merges by a key may hold elements of others; all other lists are ours as a whole. */
function arrayHolds(desired: readonly unknown[], live: readonly unknown[]): boolean {
  const key = mergeKeys.find((each) => isKeyOf(each, desired) && isKeyOf(each, live));
  if (key === undefined)
    return desired.length === live.length && desired.every((each, index) => holds(each, live[index]));
  const byKey = new Map(live.map((each) => [keyOf(key, each), each]));
  return desired.every((each) => holds(each, byKey.get(keyOf(key, each))));
}

/** Of the lists that we render: owner references; containers, env, volumes, named ports; mounts. */
const mergeKeys = ['uid', 'name', 'mountPath'] as const;

const keyOf = (key: (typeof mergeKeys)[number], element: unknown): unknown =>
  typeof element === 'object' && element !== null ? (element as Fields)[key] : undefined;

/** Whether it tells the elements apart. */
function isKeyOf(key: (typeof mergeKeys)[number], elements: readonly unknown[]): boolean {
  const values = elements.map((each) => keyOf(key, each));
  return values.every((each) => typeof each === 'string') && new Set(values).size === values.length;
}
