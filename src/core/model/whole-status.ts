import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import { isRolling } from './rolling.ts';

/**
 * The status without the record of a rolling upgrade that does not say what the pods are to run, such as where an older
 * CRD has pruned it: it counts as lost, and is found again from what runs (docs/design.md, rule 13).
 */
export function wholeStatus(status: OpenBaoClusterStatus): OpenBaoClusterStatus {
  const { phase, targetVersion, targetImage } = status.upgrade ?? {};
  const isWhole = !isRolling(phase) || (targetVersion !== undefined && targetImage !== undefined);
  return isWhole ? status : omit(status, 'upgrade');
}
