import { rollbackToAnnotation } from '../../api/labels.ts';
import type { MetadataServices, MetadataServicesStatus } from '../../api/metadataservices.ts';
import type { Permission } from './policy.ts';

/** CREATE or UPDATE of a MetadataServices, with the fact that its rules read. */
export interface ReleaseRequest {
  readonly operation: 'CREATE' | 'UPDATE';
  readonly object: MetadataServices;
  /** As it is stored; absent on CREATE. */
  readonly oldObject?: MetadataServices;
  /** Whether the caller holds the verb `rollback` on it. */
  readonly permission: Permission;
  /** Whether the caller may act as the ServiceAccount that it names. */
  readonly mayActAs: Permission;
}

type Change = Pick<ReleaseRequest, 'object' | 'oldObject'>;

/** What is stored. A status sent with a CREATE is ignored (docs/design.md, rule 10). */
export const storedReleases = ({ oldObject }: Change): MetadataServicesStatus => oldObject?.status ?? {};

/** The annotation that asks for a rollback: undefined where there is none, empty where it names nothing. */
export const rollbackTarget = (resource: MetadataServices | undefined): string | undefined =>
  resource?.metadata.annotations?.[rollbackToAnnotation];

export const changesRollback = ({ object, oldObject }: Change): boolean =>
  rollbackTarget(object) !== rollbackTarget(oldObject);

/** Whether it asks for a rollback. Taking a request back asks for nothing. */
export const asksForRollback = (change: Change): boolean =>
  changesRollback(change) && (rollbackTarget(change.object) ?? '') !== '';

/** The ServiceAccount of the pods; none is the default one. */
export const serviceAccount = ({ spec }: MetadataServices): string => spec.serviceAccountName || 'default';

/** Whether pods are to run as another ServiceAccount than before, which is not the default one. */
export function changesServiceAccount({ object, oldObject }: Change): boolean {
  const name = serviceAccount(object);
  return name !== 'default' && (oldObject === undefined || serviceAccount(oldObject) !== name);
}

/** `namespace/name`, for messages. */
export function releaseName({ object, oldObject }: Change): string {
  const { name, namespace } = oldObject?.metadata ?? object.metadata;
  return `${namespace ?? 'default'}/${name ?? object.metadata.generateName ?? ''}`;
}

/** The way to see what can be returned to, as the specification, page 003, writes it. */
export function listReleases(change: Change): string {
  const [namespace = '', name = ''] = releaseName(change).split('/');
  return `kubectl get metadataservices ${name} -n ${namespace} -o jsonpath='{.status.releaseHistory[*].version}'`;
}
