import type { ClusterRequest } from './cluster-request.ts';
import { downgradeBlocked } from './downgrade-blocked.ts';
import { imageVersionMismatch } from './image-version-mismatch.ts';
import { invalidImageReference } from './invalid-image-reference.ts';
import { invalidVersion } from './invalid-version.ts';
import { sealUnsupported } from './seal-unsupported.ts';
import { upgradePathDriven } from './upgrade-path-blocked.ts';
import type { Policy } from './policy.ts';

/** The gate's rules about a target. It may have been off, or not there yet (docs/design.md, rule 5). */
export const versionRules: readonly Policy<ClusterRequest>[] = [
  invalidVersion,
  downgradeBlocked,
  imageVersionMismatch,
  invalidImageReference,
  upgradePathDriven,
  sealUnsupported,
];
