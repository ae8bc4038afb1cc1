import type { Job, KubernetesObject } from '../../api/kubernetes.ts';
import { imageRepository } from '../version/image-reference.ts';
import { isApplied } from '../workload/drift.ts';
import { executorContainer } from './executor-job.ts';

/** What the API server adds to a Job's template, beside what was asked for: by field, its default, or any value. */
const added: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['imagePullPolicy', undefined],
  ['terminationMessagePath', '/dev/termination-log'],
  ['dnsPolicy', 'ClusterFirst'],
  ['schedulerName', 'default-scheduler'],
  // Another spelling of serviceAccountName, which is asked for.
  ['serviceAccount', undefined],
  ['defaultMode', 420],
  ['creationTimestamp', null],
  ['controller-uid', undefined],
  ['job-name', undefined],
  ['batch.kubernetes.io/controller-uid', undefined],
  ['batch.kubernetes.io/job-name', undefined],
]);

/**
 * Whether a Job runs what this one is to run, as the same account, and nothing more: then it does not matter who made
 * it. What a policy has changed in it is not seen to be so.
 */
export const isMadeAs = (wanted: KubernetesObject, live: Job): boolean =>
  isSameTemplate(templateOf(wanted), inThisVersion(templateOf(wanted), templateOf(live)));

/** The same of a template, or of a part of one. */
export const isSameTemplate = (wanted: object, live: object): boolean =>
  isApplied(wanted, live) && hasNoMore(wanted, live);

type Template = NonNullable<NonNullable<Job['spec']>['template']>;

const templateOf = (object: KubernetesObject): Template => (object as Job).spec?.template ?? {};

/**
 * With the executor in the version that we would run. Rollguard itself may have been upgraded between making a Job and
 * recording that, and what is of the same repository is no other program.
 */
function inThisVersion(desired: Template, live: Template): Template {
  const wanted = desired.spec?.containers?.find(({ name }) => name === executorContainer)?.image;
  const { spec } = live;
  if (wanted === undefined || spec?.containers === undefined) return live;
  const containers = spec.containers.map((each) =>
    each.name === executorContainer && isOfRepository(wanted, each.image) ? { ...each, image: wanted } : each,
  );
  return { ...live, spec: { ...spec, containers } };
}

const isOfRepository = (wanted: string, image: string | undefined) =>
  image !== undefined && imageRepository(image) === imageRepository(wanted);

function hasNoMore(desired: unknown, live: unknown): boolean {
  if (Array.isArray(live)) {
    if (live.length === 0) return true;
    return (
      Array.isArray(desired) &&
      desired.length === live.length &&
      live.every((each, index) => hasNoMore(desired[index], each))
    );
  }
  if (typeof live !== 'object' || live === null) return true;
  if (typeof desired !== 'object' || desired === null) return Object.keys(live).length === 0;
  return Object.entries(live).every(([field, value]) =>
    Object.hasOwn(desired, field)
      ? hasNoMore((desired as Readonly<Record<string, unknown>>)[field], value)
      : isAddition(field, value),
  );
}

function isAddition(field: string, value: unknown): boolean {
  if (!added.has(field)) return isEmpty(value);
  const only = added.get(field);
  return only === undefined || only === value;
}

const isEmpty = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
