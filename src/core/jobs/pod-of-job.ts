import type { Job, Pod } from '../../api/kubernetes.ts';
import { omit } from '../../api/object-fields.ts';
import { mayBeSpelling, imageRepository } from '../version/image-reference.ts';
import { isSameTemplate } from './made-as.ts';

type Fields = Readonly<Record<string, unknown>>;
type Container = Fields & { readonly name?: string };
interface PodSpec {
  readonly containers?: readonly Container[];
  readonly volumes?: readonly Fields[];
}

/** What is not the program's, and whose word it takes: nodes, tolerations, sidecars are added by whoever likes. */
const podFields = ['serviceAccountName', 'hostAliases', 'dnsPolicy', 'shareProcessNamespace'] as const;

/** Of the container: what the API server adds to a pod alone, and policies tighten. The image is looked at apart. */
const foreignFields = [
  'image',
  'env',
  'volumeMounts',
  'resources',
  'resizePolicy',
  'securityContext',
] as const;

/** Variables that load other code, or lead the program elsewhere; others, such as of a proxy, a policy may add. */
const isLeading = (name: unknown) => /^(NODE|LD|BAO|VAULT)_|^(PATH|HOME)$/.test(String(name));

/** Where policies put identities and certificate authorities; elsewhere a mount may hide the program. */
const isAddedPlace = (path: unknown) =>
  /^(\/var)?\/run\/secrets\/|^\/etc\/(ssl|pki)\/|^\/usr\/local\/share\/ca-certificates(\/|$)/.test(
    String(path),
  );

/**
 * In what a pod differs from what its Job asks for, so that what it says may be another program's; empty where it does
 * not. What admission adds to every pod does not count, nor a sidecar: the report is that of the Job's own container.
 */
export function podDifferences({ spec }: Job, pod: Pod): readonly string[] {
  const wanted = (spec?.template?.spec ?? {}) as PodSpec;
  const found = (pod.spec ?? {}) as PodSpec;
  const [own = {}] = wanted.containers ?? [];
  const live = found.containers?.find(({ name }) => name === own.name);
  if (live === undefined) return [`container ${own.name}`];
  const fields = Object.keys({ ...own, ...live }).filter((field) => !isOneOf(foreignFields, field));
  const checks: readonly (readonly [string, boolean])[] = [
    ...podFields.map((field) => [field, isSameField(field, wanted, found)] as const),
    ['volumes', isSameTemplate({ volumes: wanted.volumes }, { volumes: named(wanted, found) })],
    ['image', isSameImage(own['image'], live['image'])],
    ...fields.map((field) => [field, isSameField(field, own, live)] as const),
    ...(['env', 'volumeMounts'] as const).map(
      (field) => [field, isSameField(field, own, withoutAdditions(own, live))] as const,
    ),
  ];
  return checks.flatMap(([field, isSame]) => (isSame ? [] : [field]));
}

const isOneOf = (names: readonly string[], name: string) => names.includes(name);

const isSameField = (field: string, wanted: object, found: object): boolean =>
  isSameTemplate(only(field, wanted), only(field, found));

const only = (field: string, object: object): Fields =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name === field));

/** Of the same repository: where it may be another's, anybody may have made the image of that name. */
const isSameImage = (wanted: unknown, found: unknown): boolean =>
  found === wanted ||
  (typeof wanted === 'string' &&
    typeof found === 'string' &&
    imageRepository(found) === imageRepository(wanted) &&
    mayBeSpelling(wanted, found));

/** The volumes of these names: the others are those of sidecars. */
const named = (wanted: PodSpec, found: PodSpec): readonly Fields[] =>
  (wanted.volumes ?? []).flatMap(({ name }) => (found.volumes ?? []).filter((each) => each['name'] === name));

function withoutAdditions(own: Container, live: Container): Fields {
  const rest = (field: 'env' | 'volumeMounts', key: string, mayBeAdded: (value: unknown) => boolean) => {
    const list = (container: Container) => (container[field] ?? []) as readonly Fields[];
    const asked = new Set(list(own).map((each) => each[key]));
    return list(live).filter((each) => asked.has(each[key]) || !mayBeAdded(each[key]));
  };
  return {
    ...omit(live, 'env', 'volumeMounts'),
    env: rest('env', 'name', (name) => !isLeading(name)),
    volumeMounts: rest('volumeMounts', 'mountPath', isAddedPlace),
  };
}
