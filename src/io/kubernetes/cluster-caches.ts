import type { Job, KubernetesObject, PersistentVolumeClaim, Pod, StatefulSet } from '../../api/kubernetes.ts';
import type { Target } from '../../core/model/decision.ts';
import type { ClusterKey } from './admission-facts.ts';

/** What the controller's watches hold of the clusters and their children, as raw JSON of the API server. */
export interface ClusterCaches {
  readonly statefulSet: (key: ClusterKey) => StatefulSet | undefined;
  /** Every StatefulSet labelled with the cluster. */
  readonly statefulSets: (key: ClusterKey) => readonly StatefulSet[];
  /** Every pod labelled with the cluster, the Jobs' too. */
  readonly pods: (key: ClusterKey) => readonly Pod[];
  readonly claims: (key: ClusterKey) => readonly PersistentVolumeClaim[];
  readonly jobs: (key: ClusterKey) => readonly Job[];
  /** uid and resourceVersion of any other child; a PodDisruptionBudget as a whole. */
  readonly child: (target: Target) => KubernetesObject | undefined;
}
