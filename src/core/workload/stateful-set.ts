import type { KubernetesObject } from '../../api/kubernetes.ts';
import { claimTemplates } from './claim-templates.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names } from '../model/names.ts';
import { appliedImageAnnotation, revisionLabel } from '../../api/labels.ts';
import { podTemplate } from './pod-template.ts';

/** How many members at once the StatefulSet controller may replace, wherever the partition is. */
export const maxUnavailable = 1;

/** The members. Their order of coming and going is the driver's, by replicas and partition. */
export function statefulSet(inputs: WorkloadInputs): KubernetesObject {
  const { cluster, revision, replicas, partition, image } = inputs;
  const own = names(cluster.metadata.name ?? '', revision);
  const set = child(
    cluster,
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name: own.statefulSet },
    {
      spec: {
        serviceName: own.headlessService,
        replicas,
        // Members find each other before any is Ready.
        podManagementPolicy: 'Parallel',
        // Said, though it is the default: what is left out is anybody's, such as a mutating policy's.
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition, maxUnavailable } },
        // Volumes go by deletionPolicy, carried out by the driver, never by a scale or a stray delete.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        selector: { matchLabels: { ...memberSelector(cluster), [revisionLabel]: revision } },
        template: podTemplate(inputs),
        volumeClaimTemplates: claimTemplates(inputs),
      },
    },
  );
  const annotations = { ...set.metadata?.annotations, [appliedImageAnnotation]: image };
  return { ...set, metadata: { ...set.metadata, annotations } };
}
