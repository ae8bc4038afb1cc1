import { e6dataGroup, openbaoGroup } from '../../api/labels.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes.ts';
import { parsePersistentVolumeClaim, parsePod } from '../../api/kubernetes-schemas.ts';
import { parseMetadataServices, type MetadataServices } from '../../api/metadataservices.ts';
import { parseOpenBaoCluster, type OpenBaoCluster } from '../../api/openbaocluster.ts';
import { parseOpenBaoRestore, type OpenBaoRestore } from '../../api/openbaorestore.ts';
import { SchemaViolation } from '../../api/parse.ts';
import { defined, omit } from '../../api/object-fields.ts';
import { isObject, type JsonObject, type Manifest } from '../manifests/manifest.ts';
import type { Report } from '../manifests/problem.ts';
import { invalidPlaces, pruned, type Invalid, type OwnKind } from './schema.ts';
import { misfitsOf, shapes } from './shape.ts';

/** An object of the API, read as far as we have to know it. */
export type Subject =
  | { readonly type: 'cluster'; readonly object: OpenBaoCluster }
  | { readonly type: 'services'; readonly object: MetadataServices }
  | { readonly type: 'restore'; readonly object: OpenBaoRestore }
  | { readonly type: 'pod'; readonly object: Pod }
  | { readonly type: 'volume'; readonly object: PersistentVolumeClaim }
  | { readonly type: 'other'; readonly object: JsonObject };

/**
 * An object as it is stored: as the file gives it, status included.
 *
 * @param gateOnly kinds that the gate has no route for may be another operator's, of another shape
 */
export const storedSubject = (manifest: Manifest, gateOnly: boolean, report: Report): Subject | undefined =>
  read(manifest, inNamespace(manifest), gateOnly, report);

/**
 * An object as admission sees it: what only the API server writes (status, uid,
 * deletionTimestamp) is that of the stored object, whatever the file says. Else
 * a line in a file could talk a rule out of judging.
 */
export function requestedSubject(
  manifest: Manifest,
  stored: Subject | undefined,
  gateOnly: boolean,
  report: Report,
): Subject | undefined {
  const object = omit(inNamespace(manifest), 'status');
  const ours = omit(asObject(object['metadata']), 'uid', 'deletionTimestamp');
  const { status, metadata } = asObject(stored?.object);
  const { uid, deletionTimestamp } = asObject(metadata);
  const theirs = defined({ uid, deletionTimestamp });
  const whole = { ...object, metadata: { ...ours, ...theirs }, ...defined({ status }) };
  return read(manifest, whole, gateOnly, report);
}

/** Where the API server would refuse an object of ours before it asks the gate. */
export function invalidIn(manifest: Manifest, stored: Subject | undefined): readonly Invalid[] {
  const kind = ownKindOf(manifest);
  if (kind === undefined) return [];
  const before = stored === undefined ? undefined : asObject(stored.object);
  return invalidPlaces(kind, pruned(kind, manifest.object), before);
}

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});

function inNamespace(manifest: Manifest): JsonObject {
  const { object, namespace } = manifest;
  const metadata = asObject(object['metadata']);
  const named = namespace === '' ? metadata : { ...metadata, namespace };
  const kind = ownKindOf(manifest);
  // The API server takes an empty field there for an absent one.
  return { ...(kind === undefined ? object : pruned(kind, object)), metadata: withoutAnyNull(named) };
}

function read(
  manifest: Manifest,
  object: JsonObject,
  gateOnly: boolean,
  report: Report,
): Subject | undefined {
  const type = typeOf(manifest, gateOnly);
  try {
    return parse(type, object);
  } catch (error) {
    if (!(error instanceof SchemaViolation)) throw error;
    const misfits = type in shapes ? misfitsOf(type as keyof typeof shapes, object) : [];
    for (const { path, what, remedy } of misfits) report({ where: manifest.at(path), what, remedy });
    if (misfits.length === 0) {
      report({
        where: manifest.at([]),
        what: error.message,
        remedy: 'correct the field; an API server would not take it either',
      });
    }
    return undefined;
  }
}

function parse(type: Subject['type'], object: JsonObject): Subject {
  switch (type) {
    case 'cluster':
      return { type, object: parseOpenBaoCluster(object) };
    case 'services':
      return { type, object: parseMetadataServices(object) };
    case 'restore':
      return { type, object: parseOpenBaoRestore(object) };
    case 'pod':
      return { type, object: parsePod(withoutAnyNull(object)) };
    case 'volume':
      return { type, object: parsePersistentVolumeClaim(withoutAnyNull(object)) };
    case 'other':
      return { type, object };
    default:
      return type satisfies never;
  }
}

/** The kind of an object whose CustomResourceDefinition is ours. */
export function ownKindOf({ group, kind }: Manifest): OwnKind | undefined {
  if (group === openbaoGroup && (kind === 'OpenBaoCluster' || kind === 'OpenBaoRestore')) return kind;
  return group === e6dataGroup && kind === 'MetadataServices' ? kind : undefined;
}

export function typeOf({ group, kind }: Manifest, gateOnly: boolean): Subject['type'] {
  if (group === openbaoGroup && kind === 'OpenBaoCluster') return 'cluster';
  if (group === openbaoGroup && kind === 'OpenBaoRestore') return gateOnly ? 'other' : 'restore';
  if (group === e6dataGroup && kind === 'MetadataServices') return 'services';
  if (group === '' && kind === 'Pod') return 'pod';
  if (group === '' && kind === 'PersistentVolumeClaim') return 'volume';
  return 'other';
}

/** In Kubernetes' own kinds an empty field is an absent one. */
function withoutAnyNull<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutAnyNull) as T;
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutAnyNull(each)])) as T;
}
