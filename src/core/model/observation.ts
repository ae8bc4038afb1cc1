import type {
  Job,
  KubernetesObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ResourceQuota,
  StatefulSet,
  StorageClass,
} from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { Known } from './known.ts';

/**
 * Everything that was read about one cluster before a decision. What could not be read is unknown
 * and says why; it never means yes (docs/design.md, rule 2).
 */
export interface Observation {
  readonly cluster: OpenBaoCluster;
  /** Of the half that serves, which is the only one but for blue-green upgrades. */
  readonly statefulSet: Known<StatefulSet | undefined>;
  /** Of the green half. */
  readonly greenStatefulSet?: Known<StatefulSet | undefined>;
  /** Every StatefulSet labelled with the cluster, whichever revision it is of. */
  readonly statefulSets: Known<readonly StatefulSet[]>;
  /** Which evictions of members Kubernetes lets through. */
  readonly disruptionBudget: Known<PodDisruptionBudget | undefined>;
  /** The members' pods, terminating ones included, Jobs' pods not. */
  readonly pods: Known<readonly Pod[]>;
  /** Claims of the members' volumes, those of earlier members included. */
  readonly claims: Known<readonly PersistentVolumeClaim[]>;
  /** Jobs of this cluster, with what their pod said at its end. */
  readonly jobs: Known<readonly ObservedJob[]>;
  /** The operation ids of the OpenBaoRestores of this cluster that have begun and not ended. */
  readonly restoresUnderWay: Known<readonly string[]>;
  /**
   * For how many milliseconds this process has seen status.operationLock as it is now, by a clock that nobody sets;
   * 0 without a lock. A restart begins at 0.
   */
  readonly lockUnchangedMs: number;
  /** What each pod itself answers without a token, by pod name. A pod without an entry has no address. */
  readonly members: ReadonlyMap<string, Known<Member>>;
  /** Membership as the member that leads reports it; unknown when none leads or it was not asked. */
  readonly raft: Known<RaftConfiguration>;
  /** Every version that was ever active on this data (LIST sys/version-history). */
  readonly versionHistory: Known<readonly string[]>;
  /** Which members hold the keys of which sealable namespaces; read only while members may be stopped. */
  readonly sealables?: Known<readonly SealableNamespace[]>;
  /** The Secrets that are made once or renewed, never rendered. */
  readonly secrets: Known<ClusterSecrets>;
  /** The namespace of the cluster: its metadata. */
  readonly namespace: Known<KubernetesObject>;
  /** Who signs the ServiceAccount tokens that OpenBao is to trust. */
  readonly issuer: Known<TokenIssuer>;
  /** What the namespace has room for; read only while a blue-green upgrade is checked. */
  readonly room?: Known<Room>;
  /** Children that are not as they should be, to be applied: made by rendering and comparing. */
  readonly drifted: Known<readonly KubernetesObject[]>;
  /** Children whose apply the API server refused (4xx), in its words. */
  readonly refused?: readonly { readonly kind: string; readonly name: string; readonly message: string }[];
}

/** What a second set of members must fit into. */
export interface Room {
  /** Of the namespace. */
  readonly quotas: readonly ResourceQuota[];
  readonly storageClasses: readonly StorageClass[];
  /** Those that are there; read only where nothing makes them on demand. */
  readonly volumes: readonly PersistentVolume[];
}

/** Who signs ServiceAccount tokens, and with which keys. */
export interface TokenIssuer {
  readonly url: string;
  /** PEM, each key once, in order. */
  readonly publicKeys: readonly string[];
}

/**
 * The ports behind the Services that members need, as their endpoints have them: where a Service leads to another
 * port, a NetworkPolicy is asked about that one. Absent is what could not be read, or is not there.
 */
export interface EndpointPorts {
  /** TCP, of the API server. */
  readonly apiServer?: readonly number[];
  /** Of the cluster's DNS. */
  readonly dns?: readonly { readonly port: number; readonly protocol: string }[];
}

export interface ClusterSecrets {
  /** Whether the unseal key is there. Nothing ever replaces it. */
  readonly unsealKey: boolean;
  /** The Secret is there, but without a key under the name that members read it by. */
  readonly unsealKeyMalformed?: boolean;
  /** Of the Secret that holds it, or should. */
  readonly unsealKeyUID?: string;
  /** That Secret has no finalizer, or a label by which other tools take it for theirs. */
  readonly unsealKeyUnkept?: true;
  /** Somebody has deleted that Secret, and its finalizer alone keeps it. */
  readonly unsealKeyGoing?: true;
  /** Entries that the Secret of spec.unseal.credentialsSecretRef should have and has not; absent when none. */
  readonly missingSealCredentials?: readonly string[];
  /** `due`: valid, but to be renewed now. Plain listeners are always `valid`, External ones `absent` or `valid`. */
  readonly certificates: 'valid' | 'due' | 'absent';
}

/** A Job and the words its container left in `/dev/termination-log`. */
export interface ObservedJob {
  readonly job: Job;
  /** Nothing but its name and its labels says that we made it: neither this process nor the status knows its UID. */
  readonly isUnproved?: true;
  /** What it reports does not count, so a person is waited for. `ended`: as Kubernetes says; nothing of it acts any more. */
  readonly unbelieved?: 'running' | 'ended';
  /** What its last pod said; undefined while it runs, or when the pod is gone. */
  readonly message?: string;
  /** Why its last pod does not run, or how it was ended: `ImagePullBackOff: …`, `Unschedulable: …`, `OOMKilled`. */
  readonly podReason?: string;
  /** Its pod was taken away before it was done: how, a clause. It has failed, and that says nothing of what it tried. */
  readonly interrupted?: string;
  /** It ended a moment ago, but its pod is not seen to have ended yet: what it said is still to come. */
  readonly isReportPending?: true;
  /** Complete, but nobody can say any more what has succeeded: where success is all that is asked, it is none. */
  readonly isUnwitnessed?: true;
  /** Its container has succeeded, which Kubernetes may not have counted yet: it starts none again. */
  readonly hasSucceeded?: true;
}

/** What a member says of itself (sys/health and sys/leader; docs/facts/openbao-measured.md, section 8). */
export interface Member {
  readonly pod: string;
  /** Of the pod that answered. */
  readonly podUID: string;
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** True for followers and for a leader in the 10 s after its step-down. */
  readonly standby: boolean;
  readonly version: string;
  /** Absent while sealed. */
  readonly clusterId?: string;
  /** The pod it takes for the leader; absent while sealed or when it knows none. After a crash it may name the dead one. */
  readonly leader?: string;
  /** This member's own last log index and last applied one; absent while sealed. */
  readonly lastIndex?: number;
  readonly appliedIndex?: number;
}

/**
 * A namespace with its own keys, which lie in the memory of the members alone: where none has them, its owner must
 * unseal it again (docs/facts/openbao-2.6-measured.md, section 4).
 */
export interface SealableNamespace {
  /** Whole, without a slash at its end. */
  readonly path: string;
  /** By pod name, whether that member holds its keys. One whose server does not run has no entry. */
  readonly unsealed: ReadonlyMap<string, Known<boolean>>;
}

/** Raft membership, read from the leader itself (sys/storage/raft/configuration). */
export interface RaftConfiguration {
  /** The pod that was asked, which led. */
  readonly readFrom: string;
  readonly servers: readonly RaftServer[];
}

export interface RaftServer {
  /** Node id, which is the pod's name. */
  readonly id: string;
  readonly address: string;
  readonly voter: boolean;
  readonly leader: boolean;
}
