import { runningVersionLabel } from '../../api/labels.ts';
import type { ContainerStatus, Pod } from '../../api/kubernetes.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { wantedReplicas } from '../../core/model/selectors.ts';
import type { Known } from '../../core/model/known.ts';
import { imageVersion } from '../../core/version/image-reference.ts';
import { stageOf, activeBlueGreen } from '../../core/model/blue-green.ts';
import { greenNames, greenRevision, liveNames, memberNamed } from '../../core/model/members.ts';
import { imageOf } from '../../core/model/server-container.ts';

/** One member, as its pod and the cluster's status show it. What neither says is absent. */
export interface PodView {
  readonly name: string;
  readonly ordinal: number;
  /** Of a blue-green upgrade: blue serves, green is to take over. */
  readonly half?: 'blue' | 'green';
  readonly version?: string;
  readonly role?: 'leader' | 'voter' | 'non-voter';
  readonly ready?: boolean;
  /** Said of pods that the upgrade under way has replaced or added. */
  readonly caughtUp?: boolean;
  /** What happens to it or keeps it from starting; empty when there is nothing to say. */
  readonly doing: string;
}

/** A member that there is, or is to be. */
type Expected = Pick<PodView, 'name' | 'ordinal' | 'half'>;

/**
 * Every member that exists or is to exist, the highest ordinal first: that is the order of a rolling upgrade. Of a
 * blue-green one green comes after blue.
 */
export function podViews(cluster: OpenBaoCluster, pods: Known<readonly Pod[]>): readonly PodView[] {
  const { status = {} } = cluster;
  const expected = expectedOf(cluster);
  if (pods.kind === 'unknown') return expected.map((one) => unseenPod(one, status));
  const found = new Map(pods.value.map((pod) => [pod.metadata.name ?? '', pod]));
  const more = [...found.keys()].flatMap((name) => {
    const member = memberNamed(cluster, name);
    const isExpected = expected.some((one) => one.name === name);
    return member === undefined || isExpected ? [] : [{ name, ...memberOf(member, status) }];
  });
  return [...expected, ...more]
    .filter(({ name, half }) => found.has(name) || half === undefined || half !== leavingHalf(status))
    .toSorted((a, b) => halfRank(a) - halfRank(b) || b.ordinal - a.ordinal)
    .map((one) => seenPod(one, found.get(one.name), status));
}

function expectedOf(cluster: OpenBaoCluster): readonly Expected[] {
  const { status } = cluster;
  const blueGreen = activeBlueGreen(status);
  const size = blueGreen?.blueReplicas ?? status?.replicas ?? wantedReplicas(cluster);
  const members = (pod: (ordinal: number) => string, half?: PodView['half']) =>
    Array.from({ length: size }, (_, index) => size - 1 - index).map((ordinal) => ({
      name: pod(ordinal),
      ordinal,
      ...defined({ half }),
    }));
  const green = greenNames(cluster);
  return blueGreen === undefined || green === undefined
    ? members(liveNames(cluster).pod)
    : [...members(liveNames(cluster).pod, 'blue'), ...members(green.pod, 'green')];
}

/** Of a pod that is more than was expected. */
const memberOf = (
  { revision, ordinal }: { readonly revision: string; readonly ordinal: number },
  status: OpenBaoClusterStatus,
): Omit<Expected, 'name'> => ({
  ordinal,
  ...(activeBlueGreen(status) === undefined
    ? {}
    : { half: revision === greenRevision(status) ? ('green' as const) : ('blue' as const) }),
});

const halfRank = ({ half }: Expected) => (half === 'green' ? 1 : 0);

/** The half whose pods go: one that is gone is not missing. */
function leavingHalf(status: OpenBaoClusterStatus): PodView['half'] {
  const phase = activeBlueGreen(status)?.phase;
  return phase === 'Cleanup' ? 'blue' : phase === 'RollbackCleanup' ? 'green' : undefined;
}

function seenPod(one: Expected, pod: Pod | undefined, status: OpenBaoClusterStatus): PodView {
  const said_ = said(one, status);
  if (pod === undefined) return { ...one, ready: false, ...said_, doing: 'there is no such pod' };
  const version = pod.metadata.labels?.[runningVersionLabel] ?? taggedVersion(pod);
  return {
    ...one,
    ...defined({ version }),
    ready: pod.status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    ...said_,
    doing: [podTrouble(pod), said_.doing].filter((text) => text !== '').join('; '),
  };
}

/** Where pods may not be read: what the status says of them. */
function unseenPod(one: Expected, status: OpenBaoClusterStatus): PodView {
  const version = versionOf(one, status);
  return { ...one, ...defined({ version }), ...said(one, status) };
}

function versionOf(
  { ordinal, half }: Expected,
  { upgrade, blueGreen, currentVersion }: OpenBaoClusterStatus,
): string | undefined {
  if (half === 'green')
    return isUpgradedGreen(ordinal, blueGreen) ? blueGreen?.greenVersion : blueGreen?.blueVersion;
  if (upgrade === undefined) return currentVersion;
  if (upgrade.completedPods?.includes(ordinal) === true) return upgrade.targetVersion;
  return ordinal < (upgrade.currentPartition ?? 0) ? upgrade.fromVersion : undefined;
}

/** Whether a green pod runs the target, or is just being given it. */
const isUpgradedGreen = (ordinal: number, blueGreen: OpenBaoClusterStatus['blueGreen'] = {}) =>
  blueGreen.upgradesGreenInPlace !== true || ordinal >= (blueGreen.greenPartition ?? Infinity);

/** What the status says of a pod, whether or not the pod can be read. */
function said(one: Expected, status: OpenBaoClusterStatus): Pick<PodView, 'role' | 'caughtUp' | 'doing'> {
  const { activeLeader, raft } = status;
  const { name } = one;
  const role =
    (activeLeader ?? raft?.leader) === name
      ? 'leader'
      : raft?.voters?.includes(name) === true
        ? 'voter'
        : raft?.nonVoters?.includes(name) === true
          ? 'non-voter'
          : undefined;
  return {
    ...defined({ role }),
    ...(one.half === undefined ? ofRolling(one.ordinal, status) : ofHalf(one.half, one.ordinal, status)),
  };
}

function ofRolling(ordinal: number, { upgrade }: OpenBaoClusterStatus): Pick<PodView, 'caughtUp' | 'doing'> {
  const completed = upgrade?.completedPods?.includes(ordinal) === true;
  const behind = upgrade?.catchUp?.find((entry) => entry.ordinal === ordinal);
  const replaced = upgrade?.replacing?.ordinal === ordinal && behind === undefined && !completed;
  return {
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

/** Green is in sync as a whole, or not yet; what becomes of it on the way back matters no more. */
function ofHalf(
  half: NonNullable<PodView['half']>,
  ordinal: number,
  status: OpenBaoClusterStatus,
): Pick<PodView, 'caughtUp' | 'doing'> {
  const blueGreen = activeBlueGreen(status);
  const isBack = blueGreen !== undefined && stageOf(blueGreen.phase) === 'back';
  const isUpgrading =
    half === 'green' && blueGreen?.phase === 'UpgradingGreen' && ordinal === blueGreen.greenPartition;
  return {
    ...(half === 'green' && !isBack ? { caughtUp: blueGreen?.syncedAt !== undefined && !isUpgrading } : {}),
    doing: half === leavingHalf(status) ? 'is being removed' : isUpgrading ? 'is being upgraded' : '',
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

function taggedVersion(pod: Pod): string | undefined {
  const image = imageOf(pod.spec);
  return image === undefined ? undefined : imageVersion(image)?.canonical;
}
