import { requestedByAnnotation } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import {
  acknowledgement,
  changesAcknowledgement,
  changesMaintenance,
  changesRequest,
  maintenanceEnabled,
  requestFields,
  upgradeRequest,
} from '../policies/cluster-request.ts';
import { withAnnotation } from './annotation.ts';

/**
 * Writes who changed an acknowledgement, maintenance or an upgrade request beside it, for the
 * controller's record: only admission knows. The annotation is ours alone: what a request
 * brings in it is put back, so nobody can write another's name, and it goes when none of
 * these is left for it to speak of (what a webhook adds belongs to no field manager, so
 * nobody else would remove it: reference/admission-measured.md 3.5).
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
  return withAnnotation(object, requestedByAnnotation, author(object, oldObject, username));
}

function author(
  object: OpenBaoCluster,
  oldObject: OpenBaoCluster | undefined,
  username: string,
): string | undefined {
  const asks = requestFields.some((field) => upgradeRequest(object, field) !== '');
  if (acknowledgement(object) === '' && !maintenanceEnabled(object) && !asks) return undefined;
  const request = { object, ...(oldObject === undefined ? {} : { oldObject }) };
  const changes =
    changesAcknowledgement(request) ||
    changesMaintenance(request) ||
    requestFields.some((field) => changesRequest(request, field));
  return changes ? username : oldObject?.metadata.annotations?.[requestedByAnnotation];
}
