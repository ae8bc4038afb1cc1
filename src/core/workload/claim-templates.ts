import type { ClaimTemplate } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined, omit } from '../../api/object-fields.ts';
import type { WorkloadInputs } from './inputs.ts';
import { ownerlessLabels } from './metadata.ts';
import { canonicalQuantity } from './quantity.ts';
import { dataVolume } from './volumes.ts';

/**
 * What the members' volumes are claimed by: made from the spec once, and from then on as the StatefulSet has
 * them. The API server refuses every change of them, and with it whatever else is applied.
 */
export const claimTemplates = ({ cluster, claimTemplates: live }: WorkloadInputs): readonly object[] =>
  live === undefined ? [fromSpec(cluster)] : live.map(asApplied);

/** Of a volume, when spec does not say. */
export const defaultSize = '10Gi';

/** No owner: data outlives the cluster under Retain. */
function fromSpec(cluster: OpenBaoCluster): object {
  const { size = defaultSize, storageClassName } = cluster.spec.storage ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: dataVolume, labels: ownerlessLabels(cluster) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...defined({ storageClassName }),
      resources: { requests: { storage: canonicalQuantity(size) } },
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
