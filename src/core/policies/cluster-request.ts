import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { Known } from '../model/known.ts';
import { maintenanceEnabled } from '../model/selectors.ts';
import type { Permissions } from './policy.ts';

/** CREATE or UPDATE of an OpenBaoCluster, with the facts that its rules read. */
export interface ClusterRequest {
  readonly operation: 'CREATE' | 'UPDATE';
  readonly object: OpenBaoCluster;
  /** As it is stored; absent on CREATE. */
  readonly oldObject?: OpenBaoCluster;
  /** The members' claims by exact names, also those left behind by an earlier cluster of that name. */
  readonly volumes: Known<readonly PersistentVolumeClaim[]>;
  /** Pods labelled with the cluster's name. */
  readonly pods: Known<readonly Pod[]>;
  readonly permissions: Permissions;
}

/**
 * What is stored. A status sent with a CREATE is ignored: nobody but the controller writes it
 * (docs/design.md, rule 10).
 */
export function storedStatus({ oldObject }: Pick<ClusterRequest, 'oldObject'>): OpenBaoClusterStatus {
  return oldObject?.status ?? {};
}

/** Whether the request sets another version than the stored one. Only then are volumes and pods needed. */
export function changesVersion({ object, oldObject }: Pick<ClusterRequest, 'object' | 'oldObject'>): boolean {
  return object.spec.version !== oldObject?.spec.version;
}

/** An absent image is the default image of the version. */
export function changesImage({ object, oldObject }: Pick<ClusterRequest, 'object' | 'oldObject'>): boolean {
  return oldObject === undefined || (object.spec.image ?? '') !== (oldObject.spec.image ?? '');
}

/** Compared as text: the schema may not know it yet. An absent one is the default one. */
export function upgradeStrategy(cluster: OpenBaoCluster | undefined): string {
  return cluster?.spec.upgrade?.strategy || 'RollingUpdate';
}

/** The field that asks for a snapshot before upgrades. */
export function snapshotAskedAt(cluster: OpenBaoCluster | undefined): string | undefined {
  const { preUpgradeSnapshot, blueGreen } = cluster?.spec.upgrade ?? {};
  if (preUpgradeSnapshot === true) return 'spec.upgrade.preUpgradeSnapshot';
  return upgradeStrategy(cluster) === 'BlueGreen' && blueGreen?.preUpgradeSnapshot === true
    ? 'spec.upgrade.blueGreen.preUpgradeSnapshot'
    : undefined;
}

export function changesStrategy({
  object,
  oldObject,
}: Pick<ClusterRequest, 'object' | 'oldObject'>): boolean {
  return upgradeStrategy(object) !== upgradeStrategy(oldObject);
}

/** An absent acknowledgement and an empty one are the same. */
export function acknowledgement(cluster: OpenBaoCluster | undefined): string {
  return cluster?.spec.breakGlassAck ?? '';
}

export function changesAcknowledgement({
  object,
  oldObject,
}: Pick<ClusterRequest, 'object' | 'oldObject'>): boolean {
  return acknowledgement(object) !== acknowledgement(oldObject);
}

export function changesMaintenance({
  object,
  oldObject,
}: Pick<ClusterRequest, 'object' | 'oldObject'>): boolean {
  return maintenanceEnabled(object) !== maintenanceEnabled(oldObject);
}

/** What a person asks for once: a field of `spec.upgrade.requests`. */
type RequestField = keyof typeof handled;

const handled = {
  retry: 'lastHandledRetry',
  promote: 'lastHandledPromote',
  rollback: 'lastHandledRollback',
  cleanup: 'lastHandledCleanup',
} as const satisfies Record<string, keyof NonNullable<OpenBaoClusterStatus['upgradeRequests']>>;

export const requestFields = Object.keys(handled) as readonly RequestField[];

/** An absent request and an empty one are the same. */
export function upgradeRequest(cluster: OpenBaoCluster | undefined, field: RequestField): string {
  return cluster?.spec.upgrade?.requests?.[field] ?? '';
}

export function changesRequest(
  { object, oldObject }: Pick<ClusterRequest, 'object' | 'oldObject'>,
  field: RequestField,
): boolean {
  return upgradeRequest(object, field) !== upgradeRequest(oldObject, field);
}

/**
 * Whether it asks for something. Taking a request back asks for nothing, and neither does one that was handled
 * already and is only put back, as GitOps does (docs/facts/openbao-operator.md, 1.3).
 */
export function asksFor(request: Pick<ClusterRequest, 'object' | 'oldObject'>, field: RequestField): boolean {
  const value = upgradeRequest(request.object, field);
  if (value === '' || !changesRequest(request, field)) return false;
  return value !== storedStatus(request).upgradeRequests?.[handled[field]];
}

/** `namespace/name`, for messages. */
export function clusterName({ object, oldObject }: ClusterRequest): string {
  const { name, namespace } = oldObject?.metadata ?? object.metadata;
  return `${namespace ?? 'default'}/${name ?? object.metadata.generateName ?? ''}`;
}
