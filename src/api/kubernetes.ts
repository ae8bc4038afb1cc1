/** The few fields of Kubernetes' own types that we read. Everything else in an object passes untouched. */

export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
}

/** Any object of the API: what all have in common. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

interface ContainerState {
  readonly running?: { readonly startedAt?: string };
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: {
    readonly startedAt?: string;
    readonly finishedAt?: string;
    readonly exitCode?: number;
    readonly reason?: string;
    readonly message?: string;
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly image?: string;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

/** A condition of Kubernetes' own objects. */
interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface Pod extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string; readonly image?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    /** Why it failed as a whole, such as Evicted. */
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly PodCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface PersistentVolumeClaim extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
    /** The volume that it has; absent until it has one. */
    readonly volumeName?: string;
  };
}

/** What a StatefulSet makes a claim of each pod from. It cannot be changed. */
export interface ClaimTemplate extends KubernetesObject {
  readonly spec?: {
    readonly volumeMode?: string;
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
  };
  readonly status?: object;
}

export interface StatefulSet extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly replicas?: number;
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: {
        readonly partition?: number;
        /** A number or a percentage. Absent where the API server does not have the field, or left out: 1. */
        readonly maxUnavailable?: number | string;
      };
    };
    readonly template?: {
      readonly metadata?: ObjectMeta;
      readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] };
    };
    readonly volumeClaimTemplates?: readonly ClaimTemplate[];
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
  };
}

export interface Deployment extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly PodCondition[];
  };
}

export interface Service extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly selector?: Readonly<Record<string, string>> };
}

/** Data that the API server lets nobody change. */
export interface ControllerRevision extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly data?: unknown;
  readonly revision?: number;
}

export interface Job extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly suspend?: boolean;
    readonly template?: {
      readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] };
    };
  };
  readonly status?: {
    readonly active?: number;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly conditions?: readonly PodCondition[];
  };
}

export interface PodDisruptionBudget extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly maxUnavailable?: number | string };
  readonly status?: {
    readonly observedGeneration?: number;
    /** By the names of pods whose eviction was let through, and whose deletion Kubernetes has not seen yet. */
    readonly disruptedPods?: Readonly<Record<string, string>>;
  };
}

/** Quantities by the names of resources. */
type Quantities = Readonly<Record<string, string>>;

export interface ResourceQuota extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly scopes?: readonly string[];
    readonly scopeSelector?: {
      readonly matchExpressions?: readonly { readonly scopeName: string; readonly operator: string }[];
    };
  };
  readonly status?: { readonly hard?: Quantities; readonly used?: Quantities };
}

export interface StorageClass extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly provisioner?: string;
}

export interface PersistentVolume extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly capacity?: Quantities;
    readonly accessModes?: readonly string[];
    readonly storageClassName?: string;
    readonly claimRef?: object;
  };
  readonly status?: { readonly phase?: string };
}

/** Who sent a request, as the API server authenticated it. */
export interface UserInfo {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
