import { clusterFinalizer } from '../../api/labels.ts';
import { defined } from '../../api/object-fields.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { deleting, saidAnew } from '../model/conditions.ts';
import { known } from '../model/known.ts';
import {
  clusterUnsealKey,
  clusterVolumes,
  deletionGrant,
  leftoverCommands,
  policyOf,
} from '../model/data-door.ts';
import { names } from '../model/names.ts';
import { patched } from '../model/patch.ts';
import type { ClusterEvent, Effect } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { revisionOfClaim } from '../model/revisions.ts';
import {
  unchanged,
  waiting,
  type Concern,
  type Notice,
  type ConcernResult,
} from '../model/cluster-concern.ts';
import { clusterName, isPaused, podsByName, targetIn } from '../model/selectors.ts';

const hasFinalizer = ({ metadata }: OpenBaoCluster) =>
  metadata.finalizers?.includes(clusterFinalizer) === true;

/**
 * Something is to be deleted with the cluster only under DeletePVCs and DeleteAll; only then it waits for us. What was
 * asked for before a deletion began is recorded, also while paused: a cluster that is going can be edited still.
 */
export const decideFinalizer: Concern = ({ cluster }, before) => {
  const policy = policyOf(cluster);
  const wanted = policy !== 'Retain';
  const status =
    before.deletionPolicy === (wanted ? policy : undefined)
      ? before
      : patched<OpenBaoClusterStatus>(before, { deletionPolicy: wanted ? policy : undefined });
  if (isPaused(cluster) || wanted === hasFinalizer(cluster)) return unchanged(status);
  return { ...unchanged(status), effects: finalizerEffect(cluster, wanted) };
};

/**
 * Carries out what is granted of spec.deletionPolicy, also while paused: StatefulSet and pods first, then the volumes,
 * then (DeleteAll) the unseal key, at last our finalizer. Each only when what is before it is seen to be gone. Retain
 * lets go at once: the children go with their owner; volumes and unseal key have none.
 */
export const decideDeletion: Concern = (observation, status): ConcernResult => {
  const { cluster } = observation;
  if (!hasFinalizer(cluster)) return unchanged(status);
  const next =
    deletionGrant(cluster).policy === 'Retain'
      ? undefined
      : (workload(observation) ?? volumes(observation) ?? unsealKey(observation));
  if (next === undefined) {
    return {
      ...unchanged(status),
      effects: finalizerEffect(cluster, false),
      events: keptEvents(observation),
    };
  }
  return { ...unchanged(status, waiting('Deleting', next.message)), effects: next.effects };
};

/** Says what was kept against the words of spec.deletionPolicy, why, and how it is deleted if that was meant. */
function keptEvents(observation: Observation): readonly ClusterEvent[] {
  const { cluster } = observation;
  const { policy, why } = deletionGrant(cluster);
  if (why === undefined) return [];
  const { volumes: kept, key } = leftoverCommands(observation);
  // The volumes went, where the policy that is carried out is not Retain.
  const claims = policy === 'Retain' ? kept : undefined;
  const commands = [claims, key].filter((command) => command !== undefined);
  if (commands.length === 0) return [];
  const subject =
    claims === undefined
      ? 'The unseal key was'
      : key === undefined
        ? 'The volumes were'
        : 'The volumes and the unseal key were';
  const note = `${subject} kept, although spec.deletionPolicy is ${policyOf(cluster)}: ${why}. If they may be lost: ${commands.join(' ; ')}`;
  return [{ type: 'Warning', reason: 'DataKept', action: 'Delete', note: note.slice(0, 1_000) }];
}

/** Says what the deletion waits for; what else is known of the cluster stays as it was. */
export function withDeletionConditions(
  { cluster }: Observation,
  status: OpenBaoClusterStatus,
  [notice]: readonly Notice[],
  now: number,
): OpenBaoClusterStatus {
  const message = notice?.message ?? 'the cluster is being deleted';
  const { generation } = cluster.metadata;
  const conditions = saidAnew(deleting(message), status.conditions, generation, now);
  return { ...status, phase: 'Deleting', conditions, ...defined({ observedGeneration: generation }) };
}

/** What is not gone yet, and what to do about it. Undefined: it is gone. */
interface Remaining {
  readonly message: string;
  readonly effects: readonly Effect[];
}

const remains = (message: string, effects: readonly Effect[] = []): Remaining => ({ message, effects });

function workload(observation: Observation): Remaining | undefined {
  const { cluster, statefulSet, greenStatefulSet = known(undefined) } = observation;
  const sets = [statefulSet, greenStatefulSet];
  for (const set of sets) {
    if (set.kind === 'unknown') return remains(`the StatefulSet could not be read: ${set.cause}`);
  }
  const left = sets.flatMap((set) => (set.kind === 'known' ? (set.value ?? []) : []));
  if (left.length > 0) {
    return remains(
      'waiting for the StatefulSet to be deleted',
      left.flatMap((set) => deleted(cluster, 'apps/v1', 'StatefulSet', set)),
    );
  }
  const pods = podsByName(observation);
  if (pods === undefined) return remains('waiting for the pods to be deleted; they could not be read');
  if (pods.size === 0) return undefined;
  return remains(
    `waiting for the pods to be deleted: ${[...pods.keys()].join(', ')}`,
    [...pods.values()].flatMap((pod) => deleted(cluster, 'v1', 'Pod', pod)),
  );
}

/** Those of former members too: left behind, they would hold the next cluster of this name. */
function volumes({ cluster, claims }: Observation): Remaining | undefined {
  if (claims.kind === 'unknown')
    return remains('waiting for the volumes to be deleted; they could not be read');
  const list = claims.value.filter(
    ({ metadata }) => revisionOfClaim(cluster, metadata.name ?? '') !== undefined,
  );
  if (list.length === 0) return undefined;
  const effects = clusterVolumes(cluster, list);
  if (effects === undefined) return undefined;
  return remains(
    `waiting for the volumes to be deleted: ${list.map(({ metadata }) => metadata.name).join(', ')}`,
    effects,
  );
}

function unsealKey({ cluster, secrets }: Observation): Remaining | undefined {
  const uidSeen = secrets.kind === 'known' ? secrets.value.unsealKeyUID : undefined;
  const effects = clusterUnsealKey(cluster, uidSeen);
  if (effects === undefined) return undefined;
  if (secrets.kind === 'unknown') return remains(`the Secrets could not be read: ${secrets.cause}`);
  const { unsealKey: isThere, unsealKeyMalformed } = secrets.value;
  if (!isThere && unsealKeyMalformed !== true) return undefined;
  return remains(`waiting for the Secret ${names(clusterName(cluster)).unsealKey} to be deleted`, effects);
}

function deleted(
  cluster: OpenBaoCluster,
  apiVersion: string,
  kind: string,
  { metadata }: Pick<OpenBaoCluster, 'metadata'>,
): readonly Effect[] {
  const { name, uid, deletionTimestamp } = metadata;
  if (name === undefined || uid === undefined || deletionTimestamp !== undefined) return [];
  return [{ kind: 'delete', target: targetIn(cluster, apiVersion, kind, name), uid }];
}

/** At the observed version only: the list is replaced whole, and others keep finalizers in it. */
function finalizerEffect(cluster: OpenBaoCluster, wanted: boolean): readonly Effect[] {
  const { name, uid, resourceVersion, finalizers = [] } = cluster.metadata;
  if (name === undefined || uid === undefined || resourceVersion === undefined) return [];
  const others = finalizers.filter((finalizer) => finalizer !== clusterFinalizer);
  return [
    {
      kind: 'patch',
      target: targetIn(cluster, 'openbao.org/v1alpha1', 'OpenBaoCluster', name),
      uid,
      resourceVersion,
      patch: { metadata: { finalizers: wanted ? [...others, clusterFinalizer] : others } },
    },
  ];
}
