import type { StatefulSet } from '../../api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { isRolling } from '../model/rolling.ts';
import { imageOf } from '../model/server-container.ts';
import { isImageOurs } from './applied-image.ts';
import { isHalfRolled } from './partition.ts';

/**
 * The image that pods are being replaced by, where somebody else has written it, and it is not what a lost status knew:
 * it is not carried on, for it may be older than the data. Where the status does not say what ran, nobody can tell.
 *
 * @param live the StatefulSet as it is; undefined when there is none
 */
export function foreignImage(
  { initialized, image, upgrade }: OpenBaoClusterStatus,
  live: StatefulSet | undefined,
): string | undefined {
  if (initialized !== true || image === undefined || isRolling(upgrade?.phase)) return undefined;
  if (live === undefined || !isHalfRolled(live) || isImageOurs(live)) return undefined;
  const found = imageOf(live.spec?.template?.spec);
  return found === image ? undefined : found;
}
