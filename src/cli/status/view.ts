import { isBeforeFirstLook } from '../../api/fields.ts';
import type { Pod } from '../../api/kubernetes.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { wantedReplicas } from '../../core/model/selectors.ts';
import type { Known } from '../../core/model/known.ts';
import { parseTimestamp } from '../../core/model/time.ts';
import { activeBlueGreen } from '../../core/model/blue-green.ts';
import { adviceOn, type Advice, type Kubectl } from './advice.ts';
import { podViews, type PodView } from './pods.ts';
import type { Milestone } from './course.ts';
import { condition, isDown, isHeld, isUnseen, pendingRequest, stateOf, type State } from './state.ts';
import { milestones, upgradeView, type UpgradeView } from './upgrade.ts';

/** All that is shown of a cluster; `-o json` prints it as it is. What is not known is absent. Durations are milliseconds. */
export interface ClusterView {
  readonly object: { readonly namespace: string; readonly name: string };
  readonly state: State;
  /** Whether it serves nobody: failed, or not available. */
  readonly down: boolean;
  readonly phase?: string;
  readonly version: { readonly wanted: string; readonly current?: string };
  readonly image?: string;
  readonly replicas: { readonly wanted: number; readonly ready?: number };
  readonly paused: boolean;
  readonly maintenance: boolean;
  readonly upgrade?: UpgradeView;
  readonly milestones: readonly Milestone[];
  readonly scaling?: ScalingView;
  /** What is waited for, in words. */
  readonly waitingFor?: string;
  readonly leader?: string;
  readonly pods: readonly PodView[];
  /** Why pods could not be read; then what is said of them is the status's. */
  readonly podsUnknown?: string;
  readonly snapshot?: SnapshotView;
  readonly breakGlass?: IncidentView;
  readonly error?: {
    readonly reason: string;
    readonly message: string;
    readonly details?: NonNullable<OpenBaoClusterStatus['lastErrorDetails']>;
  };
  readonly conditions: NonNullable<OpenBaoClusterStatus['conditions']>;
  readonly next: readonly Advice[];
}

interface ScalingView {
  readonly from?: number;
  readonly to?: number;
  readonly step?: string;
  readonly runningForMs?: number;
  readonly holdsInMs?: number;
  readonly held: boolean;
}

interface IncidentView {
  readonly reason?: string;
  readonly forMs?: number;
  readonly nonce?: string;
  /** What to do, in this order, with the commands for this cluster. */
  readonly steps: readonly string[];
}

interface SnapshotView {
  readonly name?: string;
  readonly sizeBytes?: number;
  readonly ageMs?: number;
  readonly version?: string;
}

/**
 * What is to be seen of a cluster, from what was read of it.
 *
 * @param now milliseconds since the epoch
 */
export function clusterView(
  cluster: OpenBaoCluster,
  pods: Known<readonly Pod[]>,
  now: number,
  kubectl: Kubectl = {},
): ClusterView {
  const { metadata, spec, status = {} } = cluster;
  const upgrade = upgradeView(cluster, now);
  const leader = status.activeLeader ?? status.raft?.leader;
  const waitingFor = waitingForOf(cluster);
  const scaling = status.scaling === undefined ? undefined : scalingView(status.scaling, now);
  const snapshot = status.backup?.latestSnapshot;
  const { breakGlass } = status;
  const error = errorOf(cluster);
  return {
    object: { namespace: metadata.namespace ?? '', name: metadata.name ?? '' },
    state: stateOf(cluster),
    down: isDown(cluster),
    ...defined({ phase: status.phase }),
    version: { wanted: spec.version, ...defined({ current: status.currentVersion }) },
    ...defined({ image: status.image }),
    replicas: { wanted: wantedReplicas(cluster), ...defined({ ready: status.readyReplicas }) },
    paused: spec.paused ?? false,
    maintenance: spec.maintenance?.enabled ?? false,
    ...defined({ upgrade }),
    milestones: upgrade === undefined ? [] : milestones(upgrade, isSnapshotWanted(spec, upgrade)),
    ...defined({ scaling, waitingFor, leader }),
    pods: podViews(cluster, pods),
    ...(pods.kind === 'unknown' ? { podsUnknown: pods.cause } : {}),
    ...defined({ snapshot: snapshot === undefined ? undefined : snapshotView(snapshot, now) }),
    ...(breakGlass?.active === true ? { breakGlass: breakGlassView(breakGlass, now) } : {}),
    ...defined({ error }),
    conditions: status.conditions ?? [],
    next: adviceOn(cluster, upgrade, now, kubectl),
  };
}

const isSnapshotWanted = ({ upgrade }: OpenBaoCluster['spec'], { strategy }: UpgradeView): boolean =>
  upgrade?.preUpgradeSnapshot === true ||
  (strategy === 'BlueGreen' && upgrade?.blueGreen?.preUpgradeSnapshot === true);

/** Why the last attempt failed, or else what a person is needed for. An incident is said by itself. */
function errorOf(cluster: OpenBaoCluster): ClusterView['error'] {
  const { lastErrorReason, lastErrorMessage = '', lastErrorDetails, breakGlass } = cluster.status ?? {};
  if (lastErrorReason !== undefined)
    return defined({ reason: lastErrorReason, message: lastErrorMessage, details: lastErrorDetails });
  const stalled = condition(cluster, 'Stalled');
  if (stalled?.status !== 'True' || breakGlass?.active === true) return undefined;
  return { reason: stalled.reason, message: stalled.message };
}

function waitingForOf(cluster: OpenBaoCluster): string | undefined {
  const { metadata, status } = cluster;
  if (isUnseen(cluster))
    return isBeforeFirstLook(status)
      ? 'for the controller to observe it'
      : `for the controller to see generation ${metadata.generation} (its status is of generation ${status?.observedGeneration})`;
  const blueGreen = activeBlueGreen(status);
  const pending = isHeld(cluster) || blueGreen !== undefined ? pendingRequest(cluster) : undefined;
  if (pending !== undefined) return `for the controller to handle the ${pending}`;
  if (status?.upgrade !== undefined) return status.upgrade.waitingFor;
  if (blueGreen !== undefined) return blueGreen.waitingFor;
  const state = stateOf(cluster);
  if (state === 'progressing') return condition(cluster, 'Reconciling')?.message;
  return state === 'degraded' ? condition(cluster, 'Ready')?.message : undefined;
}

function scalingView(
  { replicas, target, step, startedAt, deadline, held = false }: NonNullable<OpenBaoClusterStatus['scaling']>,
  now: number,
): ScalingView {
  const [started, due] = [startedAt, deadline].map(parseTimestamp);
  return {
    ...defined({
      from: replicas,
      to: target,
      step,
      runningForMs: started === undefined ? undefined : now - started,
      holdsInMs: due === undefined || held ? undefined : due - now,
    }),
    held,
  };
}

type Snapshot = NonNullable<NonNullable<OpenBaoClusterStatus['backup']>['latestSnapshot']>;

function snapshotView({ name, size, takenAt, version }: Snapshot, now: number): SnapshotView {
  const taken = parseTimestamp(takenAt);
  return {
    ...defined({ name, sizeBytes: size, ageMs: taken === undefined ? undefined : now - taken, version }),
  };
}

function breakGlassView(
  { reason, enteredAt, nonce, steps = [] }: NonNullable<OpenBaoClusterStatus['breakGlass']>,
  now: number,
): IncidentView {
  const entered = parseTimestamp(enteredAt);
  return {
    ...defined({ reason, forMs: entered === undefined ? undefined : now - entered, nonce }),
    steps,
  };
}
