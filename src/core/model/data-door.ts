import type { ObjectMeta, PersistentVolumeClaim } from '../../api/kubernetes.ts';
import { confirmDeleteAnnotation } from '../../api/labels.ts';
import { defined } from '../../api/object-fields.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { Effect } from './decision.ts';
import { names } from './names.ts';
import type { Observation } from './observation.ts';
import { claimsPattern, revisionOfClaim } from './revisions.ts';
import { hasStaticSeal } from './seal.ts';
import { clusterName, targetIn } from './selectors.ts';

/*
 * The one door out for data (docs/design.md, rule 14): no other module can name a volume claim, or the Secret with the
 * unseal key, in a deletion. The applier refuses such a deletion that was not made here, and
 * test/architecture.test.ts holds every other file to it.
 */

/** What goes with a cluster, from nothing but itself to everything. What is not in the list is `Retain`. */
const policies = ['Retain', 'DeletePVCs', 'DeleteAll'] as const;
type DeletionPolicy = (typeof policies)[number];

/** What spec asks for; a value of another version of Rollguard keeps everything. */
export const policyOf = ({ spec }: Pick<OpenBaoCluster, 'spec'>): DeletionPolicy =>
  policyNamed(spec.deletionPolicy);

const policyNamed = (name: string | undefined): DeletionPolicy =>
  policies.find((policy) => policy === name) ?? 'Retain';

/** Whether somebody has written the uid of this very cluster beside it, so that no other one of its name is meant. */
export function isConfirmed({ metadata }: Pick<OpenBaoCluster, 'metadata'>): boolean {
  const { uid, annotations } = metadata;
  return uid !== undefined && annotations?.[confirmDeleteAnnotation] === uid;
}

/** What may be deleted with a cluster that is going, and why no more than that. */
interface Grant {
  readonly policy: DeletionPolicy;
  /** Why spec.deletionPolicy is not carried out, a clause; absent where it is. */
  readonly why?: string;
}

/**
 * What a deletion may take along: what spec asks for, but no more than was recorded before it began, and nothing
 * without the confirmation. Admission asks for that too, but sees no deletion of a CRD, of an owner, of a namespace,
 * nor any while the gate is down.
 */
export function deletionGrant(cluster: OpenBaoCluster): Grant {
  const asked = policyOf(cluster);
  const recorded = policyNamed(cluster.status?.deletionPolicy);
  if (asked === 'Retain') return { policy: asked };
  if (!isConfirmed(cluster)) {
    return {
      policy: 'Retain',
      why: `the annotation ${confirmDeleteAnnotation} with the uid of the cluster was missing`,
    };
  }
  if (policies.indexOf(recorded) >= policies.indexOf(asked)) return { policy: asked };
  return { policy: recorded, why: `${recorded} was what had been recorded before the deletion began` };
}

/** Deletes the volumes of a cluster that is going; undefined where they are to be kept. */
export function clusterVolumes(
  cluster: OpenBaoCluster,
  claims: readonly PersistentVolumeClaim[],
): readonly Effect[] | undefined {
  if (cluster.metadata.deletionTimestamp === undefined || deletionGrant(cluster).policy === 'Retain')
    return undefined;
  return claims.flatMap(({ metadata }) => deletion(cluster, metadata));
}

/**
 * Deletes the unseal key of a cluster that is going; undefined where it is to be kept. A key of the seal static alone
 * is ours; one that is left of an earlier cluster opens that one's snapshots.
 *
 * @param uid of its Secret
 */
export function clusterUnsealKey(
  cluster: OpenBaoCluster,
  uid: string | undefined,
): readonly Effect[] | undefined {
  const { policy } = deletionGrant(cluster);
  if (cluster.metadata.deletionTimestamp === undefined || policy !== 'DeleteAll' || !hasStaticSeal(cluster))
    return undefined;
  return uid === undefined ? [] : [{ kind: 'deleteUnsealKey', uid }];
}

/**
 * Deletes the volume of a member whose pod is gone, and which Raft does not list any more: the others hold all that
 * it held. Nothing where the leader's list could not be read, or has the member still, or one that it has is about to
 * lose its own volume.
 */
export function formerVolume(
  { cluster, raft, claims }: Pick<Observation, 'cluster' | 'raft' | 'claims'>,
  { metadata }: PersistentVolumeClaim,
): readonly Effect[] {
  if (raft.kind === 'unknown' || claims.kind === 'unknown') return [];
  const listed = new Set(raft.value.servers.map(({ id }) => `data-${id}`));
  const isGoing = claims.value.some(
    (each) => each.metadata.deletionTimestamp !== undefined && listed.has(each.metadata.name ?? ''),
  );
  return isGoing || listed.has(metadata.name ?? '') ? [] : deletion(cluster, metadata);
}

function deletion(cluster: OpenBaoCluster, metadata: ObjectMeta): readonly Effect[] {
  const { name, uid, resourceVersion, deletionTimestamp } = metadata;
  if (name === undefined || uid === undefined || deletionTimestamp !== undefined) return [];
  const target = targetIn(cluster, 'v1', 'PersistentVolumeClaim', name);
  return [{ kind: 'delete', target, uid, ...defined({ resourceVersion }), isData: true }];
}

/**
 * The commands with which a person deletes what a cluster has left behind: its volumes, where there are any, and the
 * key, where it is one of ours.
 */
export function leftoverCommands({ cluster, claims }: Pick<Observation, 'cluster' | 'claims'>): {
  readonly volumes?: string;
  readonly key?: string;
} {
  const { namespace = 'default' } = cluster.metadata;
  const name = clusterName(cluster);
  const volumes =
    claims.kind === 'unknown'
      ? `kubectl delete -n ${namespace} $(kubectl get pvc -n ${namespace} -o name | grep -E '/${claimsPattern(name)}$')`
      : volumesDeletion(namespace, memberVolumes({ cluster, claims }));
  return defined({
    volumes,
    key: hasStaticSeal(cluster) ? unsealKeyDeletion(namespace, names(name).unsealKey) : undefined,
  });
}

/**
 * The command with which a person deletes volumes, by their names: the label that members' volumes have may have been
 * put on others. Undefined where there are none.
 */
export const volumesDeletion = (namespace: string, volumes: readonly string[]): string | undefined =>
  volumes.length === 0 ? undefined : `kubectl delete pvc -n ${namespace} ${volumes.join(' ')}`;

/** Names of the volumes of members, of whichever revision; none where they could not be read. */
export const memberVolumes = ({
  cluster,
  claims,
}: Pick<Observation, 'cluster' | 'claims'>): readonly string[] =>
  claims.kind === 'unknown'
    ? []
    : claims.value
        .map(({ metadata }) => metadata.name ?? '')
        .filter((name) => revisionOfClaim(cluster, name) !== undefined)
        .toSorted();

/**
 * The commands with which a person deletes the Secret of an unseal key. The finalizer last: as long as the Secret is
 * not being deleted, the controller of a cluster that is there puts it back.
 */
export const unsealKeyDeletion = (namespace: string, secret: string): string =>
  `kubectl delete secret ${secret} -n ${namespace} --wait=false && ${withoutFinalizer(namespace, secret)}`;

/** The command that lets a Secret go that is being deleted. */
export const withoutFinalizer = (namespace: string, secret: string): string =>
  `kubectl patch secret ${secret} -n ${namespace} --type merge -p '{"metadata":{"finalizers":null}}'`;
