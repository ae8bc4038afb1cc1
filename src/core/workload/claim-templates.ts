import type { ClaimTemplate, PersistentVolumeClaim } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined, omit } from '../../api/object-fields.ts';
import type { WorkloadInputs } from './inputs.ts';
import { podOfClaim } from '../model/selectors.ts';
import { ownerlessLabels } from './metadata.ts';
import { canonicalQuantity, milliOf } from './quantity.ts';
import { dataVolume } from './volumes.ts';

/**
 * What the members' volumes are claimed by: made from the spec once, and from then on as the StatefulSet has
 * them. The API server refuses every change of them, and with it whatever else is applied.
 */
export const claimTemplates = ({
  cluster,
  claims,
  claimTemplates: live,
}: WorkloadInputs): readonly object[] =>
  live === undefined ? [fromSpec(cluster, claims)] : live.map(asApplied);

/** Of a volume, when spec does not say. */
export const defaultSize = '10Gi';

/**
 * Of each volume of members that are to be made: what spec says, and never less than the largest claim of a member
 * that is there, for the same data is to fit. A claim that was enlarged by hand is larger than spec.
 */
export function claimSize(cluster: OpenBaoCluster, claims: readonly PersistentVolumeClaim[]): string {
  const wanted = cluster.spec.storage?.size ?? defaultSize;
  const own = claims.filter((claim) => podOfClaim(cluster, claim) !== undefined);
  return own.map(sizeOf).reduce<string>((most, size) => {
    const [a, b] = [milliOf(most), milliOf(size ?? '')];
    return size !== undefined && a !== undefined && b !== undefined && b > a ? size : most;
  }, wanted);
}

/** What a claim, or what claims are made from, asks for; undefined where that was not read. */
export const sizeOf = ({ spec }: Pick<PersistentVolumeClaim, 'spec'>): string | undefined =>
  spec?.resources?.requests?.['storage'];

/** No owner: data outlives the cluster under Retain. */
function fromSpec(cluster: OpenBaoCluster, claims: readonly PersistentVolumeClaim[]): object {
  const { storageClassName } = cluster.spec.storage ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: dataVolume, labels: ownerlessLabels(cluster) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...defined({ storageClassName }),
      resources: { requests: { storage: canonicalQuantity(claimSize(cluster, claims)) } },
    },
  };
}

/** Without what the API server adds, so that it is the same as on the day it was made, and so is its mark. */
function asApplied(template: ClaimTemplate): object {
  const { status: _, metadata = {}, spec = {}, ...rest } = template;
  const own = omit(metadata, 'creationTimestamp');
  const { volumeMode = 'Filesystem', ...claim } = spec;
  return {
    ...rest,
    metadata: own,
    spec: { ...claim, ...(volumeMode === 'Filesystem' ? {} : { volumeMode }) },
  };
}
