import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { byMember, memberNamed } from './members.ts';
import type { Target } from './decision.ts';
import type { Member, Observation } from './observation.ts';

/** Members when spec.replicas is left out. */
const defaultReplicas = 3;

export const clusterName = ({ metadata }: OpenBaoCluster): string => metadata.name ?? '';

export const wantedReplicas = ({ spec }: OpenBaoCluster): number => spec.replicas ?? defaultReplicas;

export const isPaused = ({ spec }: OpenBaoCluster): boolean => spec.paused === true;

/** Whether nothing new is to start: a person said so, or an incident waits for one. */
export const isStopped = (cluster: OpenBaoCluster, { breakGlass }: OpenBaoClusterStatus): boolean =>
  isPaused(cluster) || breakGlass?.active === true;

/** The members' pods by name; undefined when they could not be read. Exact names only (docs/design.md, rule 4). */
export function podsByName({ cluster, pods }: Observation): ReadonlyMap<string, Pod> | undefined {
  if (pods.kind === 'unknown') return undefined;
  const own = pods.value.filter(({ metadata }) => memberNamed(cluster, metadata.name ?? '') !== undefined);
  return new Map(own.map((pod) => [pod.metadata.name ?? '', pod]));
}

/** The members' claims by the name of their pod; undefined when they could not be read. */
export function claimsByPod({
  cluster,
  claims,
}: Observation): ReadonlyMap<string, PersistentVolumeClaim> | undefined {
  if (claims.kind === 'unknown') return undefined;
  const found = new Map<string, PersistentVolumeClaim>();
  for (const claim of claims.value) {
    const pod = podOfClaim(cluster, claim);
    if (pod !== undefined) found.set(pod, claim);
  }
  return found;
}

/** The members' claims; none where they could not be read. */
export const memberClaims = (observation: Observation): readonly PersistentVolumeClaim[] => [
  ...(claimsByPod(observation)?.values() ?? []),
];

/** Whether the volume of one of these members is being deleted. */
export const isAnyGoing = (claims: readonly PersistentVolumeClaim[], pods: readonly string[]): boolean =>
  claims.some(
    ({ metadata }) =>
      metadata.deletionTimestamp !== undefined && pods.some((pod) => metadata.name === `data-${pod}`),
  );

/** The name of the member's pod that this claim is of; undefined for any other claim. */
export function podOfClaim(
  cluster: OpenBaoCluster,
  { metadata: { name = '' } }: PersistentVolumeClaim,
): string | undefined {
  const pod = name.startsWith('data-') ? name.slice('data-'.length) : '';
  return memberNamed(cluster, pod) === undefined ? undefined : pod;
}

/** What the pod that is there now says of itself; undefined when it did not answer, or another pod of its name did. */
export function memberOf(observation: Observation, name: string): Member | undefined {
  const { cluster, pods } = observation;
  if (pods.kind === 'unknown' || memberNamed(cluster, name) === undefined) return undefined;
  const pod = pods.value.find(({ metadata }) => metadata.name === name);
  return pod === undefined ? undefined : answerOf(observation, pod);
}

function answerOf({ members }: Observation, { metadata: { name = '', uid } }: Pod): Member | undefined {
  const member = members.get(name);
  return member?.kind === 'known' && member.value.podUID === uid ? member.value : undefined;
}

/** What every pod that answers says of itself, in the order of their names' ordinals. */
export function answers(observation: Observation): readonly Member[] {
  const inOrder = byMember(observation.cluster);
  return [...(podsByName(observation) ?? [])]
    .toSorted(([a], [b]) => inOrder(a, b))
    .flatMap(([, pod]) => answerOf(observation, pod) ?? []);
}

/** Whether it takes part in this cluster. Ready and caught up are other questions. */
export const isUnsealed = (member: Member | undefined, { clusterID }: OpenBaoClusterStatus): boolean =>
  member !== undefined &&
  member.initialized &&
  !member.sealed &&
  member.clusterId !== undefined &&
  (clusterID === undefined || member.clusterId === clusterID);

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

/** The names of a namespaced object of the cluster. */
export function targetIn(
  { metadata }: OpenBaoCluster,
  apiVersion: string,
  kind: string,
  name: string,
): Target {
  const { namespace } = metadata;
  return { apiVersion, kind, name, ...defined({ namespace }) };
}

export const maintenanceEnabled = (cluster: OpenBaoCluster | undefined): boolean =>
  cluster?.spec.maintenance?.enabled ?? false;
