/**
 * Labels, annotations and verbs. `openbao.org/…` are from the specification, pages 000 and 001;
 * what is only ours is `rollguard.io/…`.
 */

/** Label on every object of a cluster; its value is the OpenBaoCluster's name. */
export const clusterLabel = 'openbao.org/cluster';
/** Label that tells the blue from the green half of a blue-green upgrade. */
export const revisionLabel = 'openbao.org/revision';
/** Annotation on children of a cluster in maintenance; the one value is `"true"`. */
export const maintenanceAnnotation = 'openbao.org/maintenance';
/** Label that tells what a pod or a Job of a cluster is for. */
export const componentLabel = 'openbao.org/component';
/** Values of the component label. A server is a member of the Raft cluster; everything else is a Job's. */
export const components = {
  server: 'server',
  upgrade: 'upgrade',
  snapshot: 'upgrade-snapshot',
  restore: 'restore',
} as const;
/** Annotation on a Job: which operation it belongs to. */
export const operationAnnotation = 'rollguard.io/operation-id';
/** Annotation on a Job: what it does, an action of `rollguard executor` or `version-check`. */
export const actionAnnotation = 'rollguard.io/action';
/** Annotation on the pod template: the `spec.maintenance.restartAt` it was last restarted for. */
export const restartAtAnnotation = 'openbao.org/restart-at';
/** Annotation on a StatefulSet, outside its template: the image that we asked for, however admission spells it. */
export const appliedImageAnnotation = 'rollguard.io/applied-image';
/** Annotation on a child: the hash of what we applied. */
export const appliedHashAnnotation = 'rollguard.io/applied-hash';
/** Annotation on a StatefulSet: the term of the controller (Lease transitions) that carries out a roll. */
export const termAnnotation = 'rollguard.io/term';
/** Label on a namespace whose pods are guarded. */
export const guardedLabel = 'rollguard.io/guarded';
/**
 * Namespaces whose pods are guarded by no label: what runs there must come up while the gate is down. The webhook
 * configurations name them too.
 */
export const unguardedNamespaces: readonly string[] = ['kube-system', 'kube-node-lease', 'rollguard-system'];
/** Finalizer that carries out `spec.deletionPolicy`. */
export const clusterFinalizer = 'openbao.org/openbaocluster-finalizer';
/** Finalizer of the Secret with an unseal key: no deletion takes it but a confirmed one of its cluster. */
export const unsealKeyFinalizer = 'rollguard.io/unseal-key';
/** Finalizer that lets a restore end in good order. */
export const restoreFinalizer = 'openbao.org/openbaorestore-finalizer';
/** Label that OpenBao itself keeps on its pod: `"true"` on the one that leads. It lags. */
export const activeLabel = 'openbao-active';

/** Label that OpenBao's own service registration writes on its pod: the version that runs. */
export const runningVersionLabel = 'openbao-version';

/** Annotation on a PersistentVolumeClaim: the highest OpenBao version that wrote to it. */
export const dataVersionAnnotation = 'rollguard.io/openbao-version';
/**
 * Annotation on a PersistentVolumeClaim: the highest OpenBao version of which a pod was let at it, and may have opened
 * it. It is written before that pod is made.
 */
export const attemptedVersionAnnotation = 'rollguard.io/attempted-version';
/**
 * Annotation on an OpenBaoCluster: who last changed an acknowledgement, maintenance or an upgrade request; on a
 * MetadataServices: who asked for the rollback.
 */
export const requestedByAnnotation = 'rollguard.io/requested-by';
/** Annotation on an OpenBaoCluster: the revision that a person says is the one that serves, where it cannot be told. */
export const liveRevisionAnnotation = 'rollguard.io/live-revision';
/** Annotation on a PersistentVolumeClaim of former members: the revision that took over from them. */
export const succeededByAnnotation = 'rollguard.io/succeeded-by';
/** Annotation on a PersistentVolumeClaim: OpenBao's own id of the cluster whose data is on it. */
export const clusterIdAnnotation = 'rollguard.io/cluster-id';
/** What the controller writes on volumes and believes later: whoever writes it says what the data are. */
export const volumeMarks = [
  dataVersionAnnotation,
  attemptedVersionAnnotation,
  clusterIdAnnotation,
  succeededByAnnotation,
] as const;
/** Annotation on an OpenBaoCluster: its own uid says that its deletion is meant. */
export const confirmDeleteAnnotation = 'rollguard.io/confirm-delete';
/** Label on a namespace: `warn` turns the gate's denials there into warnings. */
export const enforceLabel = 'rollguard.io/enforce';

/** Annotation on a MetadataServices: the release to return to (specification, page 003). */
export const rollbackToAnnotation = 'e6data.io/rollback-to';
/** Annotation on a MetadataServices: why, for the record (specification, page 003). */
export const rollbackReasonAnnotation = 'e6data.io/rollback-reason';
/** Annotation on a MetadataServices: any new value tries a release again that failed, with the same spec. */
export const releaseRetryAnnotation = 'rollguard.io/retry';
/** Label on every child of a MetadataServices; its value is the name of that. */
export const servicesLabel = 'rollguard.io/metadataservices';
/** Label on what belongs to one release: its version. */
export const releaseLabel = 'rollguard.io/release';
/** Labels of the specification, page 003, on Deployments and pods. `app` is the name of the MetadataServices. */
export const strategyLabel = 'strategy';
export const appLabel = 'app';
/** Label that tells storage, schema and secondary storage apart. */
export const serviceComponentLabel = 'component';
/** Annotations on the record of a release: what became of it, and why. */
export const releaseStatusAnnotation = 'rollguard.io/release-status';
export const releaseReasonAnnotation = 'rollguard.io/release-reason';

/** API group of MetadataServices. */
export const e6dataGroup = 'e6data.io';

/** API group of OpenBaoCluster. */
export const openbaoGroup = 'openbao.org';

/** Custom RBAC verbs, asked by SubjectAccessReview: all on `openbaoclusters`, `rollback` also on `metadataservices`. */
export const verbs = ['maintenance', 'acknowledge', 'promote', 'rollback', 'execute'] as const;
export type Verb = (typeof verbs)[number];

/** What they are held on, by plural name. */
export const guardedResources = {
  openbaoclusters: { group: openbaoGroup, singular: 'openbaocluster' },
  metadataservices: { group: e6dataGroup, singular: 'metadataservices' },
} as const;
export type GuardedResource = keyof typeof guardedResources;
