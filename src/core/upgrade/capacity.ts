import type {
  PersistentVolume,
  PersistentVolumeClaim,
  ResourceQuota,
  StorageClass,
} from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { Room } from '../model/observation.ts';
import { jobResources } from '../jobs/job.ts';
import { claimSize } from '../workload/claim-templates.ts';
import { memberResources } from '../workload/member-resources.ts';
import { milliLike, milliOf } from '../workload/quantity.ts';
import { isBlueGreen } from './target.ts';

/** Whether what there is room for is to be read: while a blue-green upgrade is checked. */
export const needsRoom = (cluster: OpenBaoCluster): boolean => {
  const upgrade = cluster.status?.upgrade;
  return upgrade?.phase === 'PreChecks' && isBlueGreen(cluster, upgrade);
};

/**
 * Why green members could not come up beside blue, with the values seen; undefined when nothing speaks against it.
 * What the API server adds by itself (LimitRanges) is not counted, nor what nodes have free.
 */
export function insufficientCapacity(
  cluster: OpenBaoCluster,
  replicas: number,
  { quotas, ...storage }: Room,
  claims: readonly PersistentVolumeClaim[] = [],
): { readonly reason: 'QuotaExceeded' | 'StorageUnavailable'; readonly what: string } | undefined {
  const size = claimSize(cluster, claims);
  const noVolumes = whyNoVolumes(cluster, replicas, size, storage);
  if (noVolumes !== undefined) return { reason: 'StorageUnavailable', what: noVolumes };
  const members = times(replicas, podAmounts(memberResources(cluster)));
  const whole = total(
    members,
    // One Job at a time changes Raft.
    podAmounts(jobResources),
    times(replicas, claimAmounts(cluster, size)),
    new Map([['count/statefulsets.apps', one]]),
  );
  const lacking = quotas.flatMap((quota) => {
    if (!isScoped(quota)) return lackingOf(quota, whole);
    return appliesTo(quota, cluster) ? lackingOf(quota, members) : [];
  });
  return lacking.length === 0
    ? undefined
    : { reason: 'QuotaExceeded', what: `resources for ${replicas} green members: ${lacking.join('; ')}` };
}

/** Thousandths by the names that quotas have for what they count. */
type Amounts = ReadonlyMap<string, bigint>;

const one = 1_000n;

interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** Those that quotas name without `requests.` too. */
const computed: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

function podAmounts({ requests = {}, limits = {} }: Resources): Amounts {
  // What is only limited is requested as much: so the API server sets it.
  const requested = Object.entries({ ...limits, ...requests });
  return amounts([
    ['pods', '1'],
    ['count/pods', '1'],
    ...requested.map(([name, quantity]) => [`requests.${name}`, quantity] as const),
    ...requested.filter(([name]) => computed.has(name)),
    ...Object.entries(limits).map(([name, quantity]) => [`limits.${name}`, quantity] as const),
  ]);
}

function claimAmounts({ spec }: OpenBaoCluster, size: string): Amounts {
  const { storageClassName } = spec.storage ?? {};
  const perClass = storageClassName === undefined ? [] : [`${storageClassName}.storageclass.storage.k8s.io/`];
  return amounts(
    ['', ...perClass].flatMap((prefix) => [
      [`${prefix}persistentvolumeclaims`, '1'] as const,
      [`${prefix}requests.storage`, size] as const,
      ...(prefix === '' ? [['count/persistentvolumeclaims', '1'] as const] : []),
    ]),
  );
}

/** What is no quantity is left for the API server to refuse. */
const amounts = (quantities: readonly (readonly [name: string, quantity: string])[]): Amounts =>
  new Map(
    quantities.flatMap(([name, quantity]) => {
      const milli = milliOf(quantity);
      return milli === undefined ? [] : [[name, milli] as const];
    }),
  );

const times = (count: number, each: Amounts): Amounts =>
  new Map([...each].map(([name, amount]) => [name, amount * BigInt(count)]));

function total(...all: readonly Amounts[]): Amounts {
  const sums = new Map<string, bigint>();
  for (const each of all) {
    for (const [name, amount] of each) sums.set(name, (sums.get(name) ?? 0n) + amount);
  }
  return sums;
}

/** What a quota lacks, clauses; what it does not say is not there yet. */
function lackingOf({ metadata, status }: ResourceQuota, needed: Amounts): readonly string[] {
  const { name } = metadata;
  const { hard, used } = status ?? {};
  if (hard === undefined || used === undefined)
    return [`ResourceQuota ${name} does not report its usage yet`];
  return Object.entries(hard).flatMap(([resource, limit]) => {
    const need = needed.get(resource);
    const most = milliOf(limit);
    if (need === undefined || most === undefined) return [];
    const taken = used[resource] ?? '0';
    const left = most - (milliOf(taken) ?? 0n);
    if (left >= need) return [];
    const missing = milliLike(need - left, limit);
    return [`ResourceQuota ${name} lacks ${missing} of ${resource} (${taken} of ${limit} are used)`];
  });
}

const scopesOf = ({ spec }: ResourceQuota) => [
  ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
  ...(spec?.scopeSelector?.matchExpressions ?? []),
];

const isScoped = (quota: ResourceQuota): boolean => scopesOf(quota).length > 0;

/** Whether members' pods count in a quota with scopes; of priorities, which Rollguard sets nowhere, they have none. */
function appliesTo(quota: ResourceQuota, cluster: OpenBaoCluster): boolean {
  const { requests, limits = {} } = memberResources(cluster);
  // Zero is as good as nothing.
  const isBestEffort = ![...Object.entries(requests), ...Object.entries(limits)].some(
    ([name, quantity]) => ['cpu', 'memory'].includes(name) && milliOf(quantity) !== 0n,
  );
  return scopesOf(quota).every(({ scopeName, operator }) => {
    if (operator !== 'Exists') return false;
    return scopeName === 'NotTerminating' || scopeName === (isBestEffort ? 'BestEffort' : 'NotBestEffort');
  });
}

/** The provisioner of a class whose volumes are made by hand. */
const noProvisioner = 'kubernetes.io/no-provisioner';

/** Whether volumes of the class that spec names must be there before they are claimed. */
export function needsReadyVolumes(
  { spec }: OpenBaoCluster,
  storageClasses: readonly StorageClass[],
): boolean {
  const { storageClassName } = spec.storage ?? {};
  // Without a name it is the default class, or somebody who serves claims without one, as for blue.
  if (storageClassName === undefined || storageClassName === '') return false;
  const found = storageClasses.find(({ metadata }) => metadata.name === storageClassName);
  return found === undefined || found.provisioner === noProvisioner;
}

function whyNoVolumes(
  cluster: OpenBaoCluster,
  replicas: number,
  size: string,
  { storageClasses, volumes }: Omit<Room, 'quotas'>,
): string | undefined {
  if (!needsReadyVolumes(cluster, storageClasses)) return undefined;
  const { storageClassName } = cluster.spec.storage ?? {};
  const free = volumes.filter((volume) => isFree(volume, storageClassName, size)).length;
  if (free >= replicas) return undefined;
  const exists = storageClasses.some(({ metadata }) => metadata.name === storageClassName);
  const why = exists
    ? `StorageClass ${storageClassName} does not provision volumes`
    : `there is no StorageClass ${storageClassName}`;
  return `${replicas} volumes of ${size} for green members: ${why}, and ${free} free ${free === 1 ? 'volume is' : 'volumes are'} there`;
}

const isFree = ({ spec, status }: PersistentVolume, storageClass: string | undefined, size: string) =>
  status?.phase === 'Available' &&
  spec?.claimRef === undefined &&
  spec?.storageClassName === storageClass &&
  spec?.accessModes?.includes('ReadWriteOnce') === true &&
  (milliOf(spec?.capacity?.['storage'] ?? '0') ?? 0n) >= (milliOf(size) ?? 0n);
