import type { At, Document, Path } from './document.ts';
import { readDocuments } from './documents.ts';
import type { Report } from './problem.ts';
import type { Source } from './sources.ts';

/** Any JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One Kubernetes object as a file gives it. */
export interface Manifest {
  readonly apiVersion: string;
  /** The API group in `apiVersion`; empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Empty for kinds that have none, as far as we know them. */
  readonly namespace: string;
  /** Empty where the file gives none. */
  readonly name: string;
  readonly generateName: string;
  readonly object: JsonObject;
  readonly at: At;
}

/** Kinds without a namespace that are likely to stand beside what we judge. */
const clusterScoped: ReadonlySet<string> = new Set([
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'cert-manager.io/ClusterIssuer',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/StorageClass',
]);

/**
 * Reads the objects of a text, those in a `List` (or `PodList`, …) each by itself.
 *
 * @param namespace of the objects that name none
 */
export function readManifests(source: Source, namespace: string, report: Report): readonly Manifest[] {
  return readDocuments(source, report).flatMap((document) =>
    flatten(document, document.value, [], namespace, report),
  );
}

function flatten(
  { at, value: whole }: Document,
  value: unknown,
  path: Path,
  namespace: string,
  report: Report,
): readonly Manifest[] {
  if (!isObject(value)) {
    report({
      where: at(path),
      what: `a Kubernetes object is expected here, not ${value === null ? 'nothing' : nameOf(value)}`,
      remedy: Array.isArray(value)
        ? 'put several objects below items: of kind: List, or part them by lines of ---'
        : 'write a mapping with apiVersion, kind and metadata',
    });
    return [];
  }
  const { apiVersion, kind } = value;
  if (!isText(apiVersion) || !isText(kind)) {
    const wrong = isText(apiVersion) ? 'kind' : 'apiVersion';
    report({
      where: at([...path, wrong]),
      what: `${wrong} is ${value[wrong] === undefined ? 'missing' : `${nameOf(value[wrong])}, not a text`}`,
      remedy: 'name Kubernetes objects only; each says its apiVersion and kind',
    });
    return [];
  }
  if (kind === 'List' || Object.hasOwn(value, 'items')) {
    if (!kind.endsWith('List')) {
      report({
        where: at([...path, 'items']),
        what: 'kubectl takes an object with items for a list: it sends what is in there, and not the object',
        remedy: 'take items away, or put the object itself below items: of kind: List',
      });
      return [];
    }
    return listItems(value, path, at, report).flatMap((item, index) =>
      flatten({ at, value: whole }, item, [...path, 'items', index], namespace, report),
    );
  }
  return metadataIsUsable(value, path, at, report) ? [manifestOf(value, path, at, namespace)] : [];
}

function listItems(
  { apiVersion, kind, items }: JsonObject,
  path: Path,
  at: Document['at'],
  report: Report,
): readonly unknown[] {
  if (items === undefined || items === null) return [];
  if (!Array.isArray(items)) {
    report({
      where: at([...path, 'items']),
      what: `items must be a list, but is ${nameOf(items)}`,
      remedy: 'begin each object below items: with a dash',
    });
    return [];
  }
  if (kind === 'List') return items;
  // An API server leaves them out in a PodList.
  const common = { apiVersion, kind: String(kind).slice(0, -'List'.length) };
  return items.map((item: unknown) => (isObject(item) ? { ...common, ...item } : item));
}

function metadataIsUsable({ metadata }: JsonObject, path: Path, at: Document['at'], report: Report): boolean {
  if (metadata === undefined || metadata === null) return true;
  const fields = isObject(metadata) ? ['name', 'generateName', 'namespace'] : [];
  const wrong = isObject(metadata)
    ? fields.find(
        (field) => metadata[field] !== null && !['string', 'undefined'].includes(typeof metadata[field]),
      )
    : undefined;
  if (isObject(metadata) && wrong === undefined) return true;
  const way = wrong === undefined ? ['metadata'] : ['metadata', wrong];
  const value = wrong === undefined || !isObject(metadata) ? metadata : metadata[wrong];
  report({
    where: at([...path, ...way]),
    what: `${way.join('.')} must be ${wrong === undefined ? 'a mapping' : 'a text'}, but is ${nameOf(value)}`,
    remedy: wrong === undefined ? 'write name: below it' : 'put it in quotes',
  });
  return false;
}

function manifestOf(object: JsonObject, path: Path, at: Document['at'], defaultNamespace: string): Manifest {
  const [apiVersion, kind] = [String(object['apiVersion']), String(object['kind'])];
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const metadata = (object['metadata'] ?? {}) as Partial<Record<string, string | null>>;
  const isClusterScoped = clusterScoped.has(`${group}/${kind}`);
  return {
    apiVersion,
    group,
    kind,
    namespace: isClusterScoped ? '' : metadata['namespace'] || defaultNamespace,
    name: metadata['name'] ?? '',
    generateName: metadata['generateName'] ?? '',
    object,
    at: (way, of) => at([...path, ...way], of),
  };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** What a value is, for a message: `the number 2.5`, `a list`. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (value === '') return 'an empty text';
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'boolean' ? `the word ${value}` : 'a text';
}
