import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import { isRolling } from './rolling.ts';

/**
 * The status without the records of operations that do not say what they are about, such as where an older CRD has
 * pruned them: they count as lost, and are found again from what runs (docs/design.md, rule 13). These are a rolling
 * upgrade that does not say what the pods are to run, a blue-green one that does not say how far it is, and a change of
 * replicas that does not say which, from how many to how many.
 */
export function wholeStatus(status: OpenBaoClusterStatus): OpenBaoClusterStatus {
  const { upgrade, blueGreen, scaling } = status;
  const lost = [
    isRolling(upgrade?.phase) && (upgrade?.targetVersion === undefined || upgrade.targetImage === undefined)
      ? (['upgrade'] as const)
      : [],
    blueGreen !== undefined && blueGreen.phase === undefined ? (['blueGreen'] as const) : [],
    scaling !== undefined && [scaling.operationId, scaling.replicas, scaling.target].includes(undefined)
      ? (['scaling'] as const)
      : [],
  ].flat();
  return lost.length === 0 ? status : omit(status, ...lost);
}
