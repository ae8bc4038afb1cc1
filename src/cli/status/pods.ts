import { runningVersionLabel } from '../../api/labels.ts';
import type { ContainerStatus, Pod } from '../../api/kubernetes.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { Known } from '../../core/known.ts';
import { parseImageReference, tagVersion } from '../../core/version/image-reference.ts';
import { names, ordinalOf, serverContainer } from '../../core/workload/names.ts';

/** One member, as its pod and the cluster's status show it. What neither says is absent. */
export interface PodView {
  readonly name: string;
  readonly ordinal: number;
  readonly version?: string;
  readonly role?: 'leader' | 'voter' | 'non-voter';
  readonly ready?: boolean;
  /** Said of pods that the upgrade under way has replaced. */
  readonly caughtUp?: boolean;
  /** What happens to it or keeps it from starting; empty when there is nothing to say. */
  readonly doing: string;
}

/** Every member that exists or is to exist, the highest ordinal first: that is the order of an upgrade. */
export function podViews(cluster: OpenBaoCluster, pods: Known<readonly Pod[]>): readonly PodView[] {
  const name = cluster.metadata.name ?? '';
  const { status = {} } = cluster;
  const found = new Map<number, Pod>();
  for (const pod of pods.kind === 'known' ? pods.value : []) {
    const ordinal = ordinalOf(name, pod.metadata.name ?? '');
    if (ordinal !== undefined) found.set(ordinal, pod);
  }
  const size = status.replicas ?? cluster.spec.replicas ?? 3;
  const ordinals = new Set([...Array.from({ length: size }, (_, ordinal) => ordinal), ...found.keys()]);
  return [...ordinals]
    .toSorted((a, b) => b - a)
    .map((ordinal) => {
      const pod = names(name).pod(ordinal);
      return pods.kind === 'known'
        ? seenPod(pod, ordinal, found.get(ordinal), status)
        : unseenPod(pod, ordinal, status);
    });
}

function seenPod(name: string, ordinal: number, pod: Pod | undefined, status: OpenBaoClusterStatus): PodView {
  if (pod === undefined) {
    return { name, ordinal, ready: false, ...said(name, ordinal, status), doing: 'there is no such pod' };
  }
  const version = pod.metadata.labels?.[runningVersionLabel] ?? imageVersion(pod);
  const said_ = said(name, ordinal, status);
  return {
    name,
    ordinal,
    ...(version === undefined ? {} : { version }),
    ready: pod.status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    ...said_,
    doing: [podTrouble(pod), said_.doing].filter((text) => text !== '').join('; '),
  };
}

/** Where pods may not be read: what the status says of them. */
function unseenPod(name: string, ordinal: number, status: OpenBaoClusterStatus): PodView {
  const { upgrade, currentVersion } = status;
  const version =
    upgrade === undefined
      ? currentVersion
      : upgrade.completedPods?.includes(ordinal) === true
        ? upgrade.targetVersion
        : ordinal < (upgrade.currentPartition ?? 0)
          ? upgrade.fromVersion
          : undefined;
  return {
    name,
    ordinal,
    ...(version === undefined ? {} : { version }),
    ...said(name, ordinal, status),
  };
}

/** What the status says of a pod, whether or not the pod can be read. */
function said(
  name: string,
  ordinal: number,
  { activeLeader, raft, upgrade }: OpenBaoClusterStatus,
): Pick<PodView, 'role' | 'caughtUp' | 'doing'> {
  const role =
    (activeLeader ?? raft?.leader) === name
      ? 'leader'
      : raft?.voters?.includes(name) === true
        ? 'voter'
        : raft?.nonVoters?.includes(name) === true
          ? 'non-voter'
          : undefined;
  const completed = upgrade?.completedPods?.includes(ordinal) === true;
  const behind = upgrade?.catchUp?.find((entry) => entry.ordinal === ordinal);
  const replaced = upgrade?.replacing?.ordinal === ordinal && behind === undefined && !completed;
  return {
    ...(role === undefined ? {} : { role }),
    ...(completed || behind !== undefined ? { caughtUp: completed && behind === undefined } : {}),
    doing: replaced
      ? 'is being replaced'
      : behind !== undefined
        ? `catches up${behind.index === undefined ? '' : ` to index ${behind.index}`}`
        : completed
          ? 'done'
          : '',
  };
}

/** What keeps a pod from running, in the kubelet's and the scheduler's words. */
function podTrouble({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'terminates';
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const stopped = containers.map(containerTrouble).find((text) => text !== '');
  if (stopped !== undefined) return stopped;
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return [scheduled.reason, scheduled.message].filter(Boolean).join(': ');
  return status?.phase === 'Failed' ? 'failed' : '';
}

/** A container that is just starting waits with these words; they are no trouble. */
const starting: readonly (string | undefined)[] = [undefined, 'ContainerCreating', 'PodInitializing'];

function containerTrouble({ state, lastState, restartCount = 0 }: ContainerStatus): string {
  const { waiting } = state ?? {};
  if (waiting !== undefined && !starting.includes(waiting.reason))
    return [waiting.reason, waiting.message].filter(Boolean).join(': ');
  if (restartCount === 0) return '';
  const why = lastState?.terminated?.reason;
  return `restarted ${restartCount === 1 ? 'once' : `${restartCount} times`}${why === undefined ? '' : ` (${why})`}`;
}

function imageVersion(pod: Pod): string | undefined {
  const image = pod.spec?.containers?.find(({ name }) => name === serverContainer)?.image;
  const reference = image === undefined ? undefined : parseImageReference(image);
  if (reference === undefined || 'error' in reference || reference.tag === undefined) return undefined;
  return tagVersion(reference.tag)?.canonical;
}
