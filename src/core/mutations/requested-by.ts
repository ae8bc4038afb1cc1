import { requestedByAnnotation } from '../../api/labels.ts';
import type { KubernetesObject, ObjectMeta } from '../../api/kubernetes.ts';
import type { MetadataServices } from '../../api/metadataservices.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import {
  acknowledgement,
  changesAcknowledgement,
  changesMaintenance,
  changesRequest,
  requestFields,
  upgradeRequest,
} from '../policies/cluster-request.ts';
import { maintenanceEnabled } from '../model/selectors.ts';
import { changesRollback, rollbackTarget } from '../policies/release-request.ts';
import { withAnnotation } from './annotation.ts';

/**
 * Writes who changed an acknowledgement, maintenance or an upgrade request beside it, for the
 * controller's record: only admission knows. The annotation is ours alone: what a request
 * brings in it is put back, so nobody can write another's name, and it goes when none of
 * these is left for it to speak of (what a webhook adds belongs to no field manager, so nobody
 * else would remove it: docs/facts/admission-measured.md, 3, 5).
 *
 * Never reads `object.status`: on this route a forged one is still visible.
 *
 * @returns the same object where nothing is to change
 */
export function requestedBy(
  object: OpenBaoCluster,
  oldObject: OpenBaoCluster | undefined,
  username: string,
): OpenBaoCluster {
  const asks =
    acknowledgement(object) !== '' ||
    maintenanceEnabled(object) ||
    requestFields.some((field) => upgradeRequest(object, field) !== '');
  const request = { object, ...defined({ oldObject }) };
  const changes =
    changesAcknowledgement(request) ||
    changesMaintenance(request) ||
    requestFields.some((field) => changesRequest(request, field));
  return signed(object, oldObject, { asks, changes }, username);
}

/** The same beside a request to roll back a MetadataServices; the controller takes both off together. */
export function rollbackRequestedBy(
  object: MetadataServices,
  oldObject: MetadataServices | undefined,
  username: string,
): MetadataServices {
  const asks = (rollbackTarget(object) ?? '') !== '';
  const changes = changesRollback({ object, ...defined({ oldObject }) });
  return signed(object, oldObject, { asks, changes }, username);
}

/** The caller where something changes, who was there before where nothing does, nobody where nothing is asked for. */
function signed<T extends KubernetesObject & { readonly metadata: ObjectMeta }>(
  object: T,
  oldObject: T | undefined,
  { asks, changes }: { readonly asks: boolean; readonly changes: boolean },
  username: string,
): T {
  const before = oldObject?.metadata.annotations?.[requestedByAnnotation];
  const author = changes ? username : before;
  return withAnnotation(object, requestedByAnnotation, asks ? author : undefined);
}
