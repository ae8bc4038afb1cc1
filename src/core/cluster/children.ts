import type { KubernetesObject, StatefulSet } from '../../api/kubernetes.ts';
import { defined } from '../../api/object-fields.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { sameValue } from '../model/same-value.ts';
import { rollOfGreen } from '../upgrade/bluegreen/green-roll.ts';
import { liveRoll, lowering, type Lowering } from '../upgrade/rolling/partition-guard.ts';
import type { Effect } from '../model/decision.ts';
import { seenInFlight } from './evictions.ts';
import type { Observation } from '../model/observation.ts';
import { held, pendingChildren, waiting, type Notice } from '../model/cluster-concern.ts';
import { liveNames } from '../model/members.ts';
import { partitionOf } from '../workload/partition.ts';
import { files } from '../workload/paths.ts';
import { isPaused } from '../model/selectors.ts';
import { volumesGoing } from './bootstrap.ts';
import { sealChanged } from './seal.ts';
import { unwrittenAttempts } from '../workload/version-attempts.ts';

/** What the StatefulSet is rendered from: a change in this pass is rendered by the next one. */
const renderedFrom = ['upgrade', 'scaling', 'replicas', 'image', 'currentVersion', 'lastRestartAt'] as const;

/** Of the two halves: what is only told, such as what a phase waits for, is not among it. */
const halves = ({ blueGreen }: OpenBaoClusterStatus) => [
  blueGreen?.phase,
  blueGreen?.blueRevision,
  blueGreen?.greenRevision,
  blueGreen?.greenPartition,
];

/** Notices with which pods are left as they are. */
const blocking: ReadonlySet<string> = new Set([
  'UnsealKeyMissing',
  'UnsealKeyDeleting',
  sealChanged,
  'SealCredentialsMissing',
  'CertificatesMissing',
  'SecretsUnknown',
  'ClaimsUnknown',
  'DowngradeBlocked',
  'PolicyViolation',
  'SecondClusterDetected',
  volumesGoing,
]);

/** Whether something is wrong in which no pod must be made anew: it might not come back. */
export const keepsPodsAsTheyAre = (notices: readonly Notice[]): boolean =>
  notices.some(({ reason }) => blocking.has(reason));

/**
 * Applies the children that are not as they should be, in their order. They were rendered from the stored
 * status; so the StatefulSet waits where this pass changes what it is rendered from, where its size is
 * another one than recorded, while something is wrong that pods must not be changed in, and while the gate
 * does not let the pods go that a lower partition would take down, and until the version stands on the volumes that it
 * lets pods at.
 *
 * @param status what all parts came to
 */
export function applyDrifted(
  observation: Observation,
  status: OpenBaoClusterStatus,
  notices: readonly Notice[],
): Applied {
  const { effects, notices: own } = drift(observation, status, notices);
  return { effects, notices: [...own, ...refusals(observation)] };
}

interface Applied {
  readonly effects: readonly Effect[];
  readonly notices: readonly Notice[];
}

/** Characters of the API server's words: what to do must fit behind them. */
const longest = 1_500;

/** What the API server does not take is tried on, but only another spec makes it pass. */
const refusals = ({ cluster, refused = [] }: Observation): readonly Notice[] =>
  refused.map(({ kind, name, message }) =>
    held('ApplyRefused', `the API server refuses ${kind} ${name}: ${message.slice(0, longest)}`, {
      remedy: 'Fix the spec',
      commands: [
        { line: `kubectl edit openbaocluster ${cluster.metadata.name} -n ${cluster.metadata.namespace}` },
      ],
    }),
  );

function drift(observation: Observation, status: OpenBaoClusterStatus, notices: readonly Notice[]): Applied {
  const { cluster, drifted } = observation;
  if (drifted.kind === 'unknown') {
    return {
      effects: [],
      notices: [waiting('ChildrenUnknown', `the managed objects could not be compared: ${drifted.cause}`)],
    };
  }
  if (drifted.value.length === 0) return { effects: [], notices: [] };
  if (isPaused(cluster)) {
    const applied = drifted.value.filter(
      (object) => endsSelfInit(object, cluster.status ?? {}) || isBudget(object),
    );
    const rest = drifted.value.filter((object) => !applied.includes(object));
    return {
      effects: applied.flatMap((object) => applying(observation, status, object)),
      notices: pendingChildren(rest),
    };
  }
  const stored = cluster.status ?? {};
  const blocked =
    keepsPodsAsTheyAre(notices) ||
    renderedFrom.some((field) => !sameValue(stored[field], status[field])) ||
    !sameValue(halves(stored), halves(status));
  const isLiveSet = ({ kind, metadata }: KubernetesObject) =>
    kind === 'StatefulSet' && metadata?.name === liveNames(cluster).statefulSet;
  const lowerings = new Map<KubernetesObject, Lowering>(
    drifted.value
      .filter(({ kind }) => kind === 'StatefulSet')
      .map((object) => {
        const rollOf = isLiveSet(object) ? liveRoll : rollOfGreen;
        return [object, lowering(rollOf(observation, status), partitionOf(object as StatefulSet))];
      }),
  );
  const heldBack = [...lowerings.values()].flatMap(({ blocked: why }) => why ?? []);
  const isSealChanged = notices.some(({ reason }) => reason === sealChanged);
  const applied = drifted.value.filter(
    (object) =>
      (object.kind !== 'StatefulSet' || (!blocked && heldBack.length === 0 && hasSize(object, status))) &&
      // What starts meanwhile reads it.
      (object.kind !== 'ConfigMap' || !isSealChanged),
  );
  const unwritten = applied.flatMap((object) => {
    const attempts =
      object.kind === 'StatefulSet'
        ? unwrittenAttempts(observation, status, object as StatefulSet)
        : undefined;
    return attempts === undefined ? [] : [{ object, ...attempts }];
  });
  return {
    effects: [
      ...unwritten.flatMap(({ effects }) => effects),
      ...applied
        .filter((object) => unwritten.every((each) => each.object !== object))
        .flatMap((object) => applying(observation, status, object, lowerings.get(object))),
    ],
    notices: [...heldBack, ...unwritten.map(({ why }) => why)].map((reason) =>
      waiting('PartitionHeldBack', `the partition is not changed: ${reason}`),
    ),
  };
}

const isBudget = ({ kind }: KubernetesObject) => kind === 'PodDisruptionBudget';

/**
 * Applies an object, with what that rests on. A budget restarts nobody, and an eviction waits for no pause. Where it lets a
 * member go although one is being taken away, what was recorded must be so still, and nothing may have been set going
 * since.
 */
function applying(
  observation: Observation,
  status: OpenBaoClusterStatus,
  object: KubernetesObject,
  { reservation }: Lowering = {},
): readonly Effect[] {
  const letsGo = isBudget(object) && observation.cluster.status?.evictions?.allowed === true;
  if (!letsGo) return [{ kind: 'apply', object, ...defined({ reservation }) }];
  return status.evictions?.allowed === true
    ? [{ kind: 'apply', object, asSeen: seenInFlight(observation, status) }]
    : [];
}

/**
 * With the self-init file left in the ConfigMap, a member 0 that loses its disk makes a second cluster
 * (docs/facts/openbao-measured.md, 0.2): it goes also while paused. A ConfigMap restarts nobody.
 */
const endsSelfInit = (object: KubernetesObject, { initialized }: OpenBaoClusterStatus) =>
  initialized === true &&
  object.kind === 'ConfigMap' &&
  !Object.hasOwn((object as { readonly data?: object }).data ?? {}, files.selfInit);

const hasSize = (object: KubernetesObject, { replicas }: OpenBaoClusterStatus) =>
  (object as StatefulSet).spec?.replicas === replicas;
