import { fingerprint } from '../../model/fingerprint.ts';
import type { UpgradeTarget } from '../target.ts';

/**
 * The revision of a green half: an id that no member ever had, for what was once a permanent non-voter stays one
 * (docs/facts/openbao.md, section 6). The operation's id is fresh, so that the same target gets another revision each
 * time. A letter first, so that it is never taken for an ordinal; 11 characters, for a StatefulSet's name may have no
 * more than 52 and a cluster's has up to 40.
 */
export const revisionOf = (
  operationId: string,
  { version, image }: UpgradeTarget,
  replicas: number,
): string => `r${fingerprint(['revision-1', operationId, version, image, replicas]).slice(0, 10)}`;
