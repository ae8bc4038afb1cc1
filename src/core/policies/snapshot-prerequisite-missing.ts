import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { sameValue } from '../model/same-value.ts';
import { isCurrentVersion } from './cluster-operation.ts';
import {
  changesImage,
  changesVersion,
  snapshotAskedAt,
  storedStatus,
  type ClusterRequest,
} from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * Who asks for a snapshot before upgrades says where it goes.
 *
 * Guards: OpenBaoCluster CREATE; UPDATE that asks for it, takes the store away, or starts an
 * upgrade by a new version or image.
 * Allows: taking a version or image back to what runs; everything else, with a warning. Whether
 * a named claim or Secret is there is for the controller, which waits: Flux tries everything
 * out before it creates anything. Role and egress are not asked for: the role has a default,
 * and the Jobs are under no NetworkPolicy of ours.
 * Source: specification, page 004 ("Snapshot prerequisites … must already be valid");
 * specification, page 000 ("verify backup destination …"); docs/facts/openbao-operator.md, 5.3.
 */
export const snapshotPrerequisiteMissing: Policy<ClusterRequest> = {
  id: 'snapshot-prerequisite-missing',
  changes: (request) =>
    snapshotAskedAt(request.object) !== snapshotAskedAt(request.oldObject) ||
    !sameValue(request.object.spec.backup?.target, request.oldObject?.spec.backup?.target) ||
    startsUpgrade(request),
  evaluate({ object }) {
    const asked = snapshotAskedAt(object);
    const gap = whyNoStore(object);
    if (asked === undefined || gap === undefined) return [];
    return [
      violation(
        'SnapshotPrerequisiteMissing',
        gap.path,
        `${asked} is true, but ${gap.path} is missing`,
        `${gap.remedy}, or set ${asked} to false`,
      ),
    ];
  },
};

/** The first thing without which no store is named. Another operator's providers are its own to judge. */
function whyNoStore({
  spec,
}: OpenBaoCluster): { readonly path: string; readonly remedy: string } | undefined {
  const path = 'spec.backup.target';
  const { target } = spec.backup ?? {};
  if (target === undefined) {
    return {
      path,
      remedy: `set ${path}: provider s3 with bucket and endpoint, or provider pvc with claimName`,
    };
  }
  const needed =
    target.provider === 's3'
      ? (['bucket', 'endpoint'] as const)
      : target.provider === 'pvc'
        ? (['claimName'] as const)
        : [];
  const missing = needed.find((field) => !target[field]);
  return missing === undefined ? undefined : { path: `${path}.${missing}`, remedy: `set ${path}.${missing}` };
}

function startsUpgrade(request: Pick<ClusterRequest, 'object' | 'oldObject'>): boolean {
  const { spec } = request.object;
  if (changesVersion(request)) return isCurrentVersion(spec.version, request) !== true;
  // Without an image it is the default one, which may well be what runs.
  return changesImage(request) && Boolean(spec.image) && spec.image !== storedStatus(request).image;
}
