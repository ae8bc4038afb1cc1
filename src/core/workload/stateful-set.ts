import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, labelsOf, memberSelector } from './metadata.ts';
import { names } from './names.ts';
import { podTemplate } from './pod-template.ts';
import { canonicalQuantity } from './quantity.ts';
import { dataVolume } from './volumes.ts';

/** The members. Their order of coming and going is the driver's, by replicas and partition. */
export function statefulSet(inputs: WorkloadInputs): KubernetesObject {
  const { cluster, replicas, partition } = inputs;
  const own = names(cluster.metadata.name ?? '');
  return child(
    cluster,
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name: own.statefulSet },
    {
      spec: {
        serviceName: own.headlessService,
        replicas,
        // Members find each other before any is Ready.
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
        // Volumes go by deletionPolicy, carried out by the driver, never by a scale or a stray delete.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        selector: { matchLabels: memberSelector(cluster) },
        template: podTemplate(inputs),
        volumeClaimTemplates: [claimTemplate(inputs)],
      },
    },
  );
}

/** No owner: data outlives the cluster under Retain. */
function claimTemplate({ cluster }: WorkloadInputs): object {
  const { size = '10Gi', storageClassName } = cluster.spec.storage ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: dataVolume, labels: labelsOf(cluster) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(storageClassName === undefined ? {} : { storageClassName }),
      resources: { requests: { storage: canonicalQuantity(size) } },
    },
  };
}
