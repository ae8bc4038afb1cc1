import type { OpenBaoCluster } from '../../api/openbaocluster.ts';

/** All that the children of a cluster are made from. Nothing else: same inputs, same objects. */
export interface WorkloadInputs {
  readonly cluster: OpenBaoCluster;
  /** What the pods run: the running image, or the target of an upgrade whose checks have passed. */
  readonly image: string;
  readonly version: string;
  /** Size of the StatefulSet now, which trails spec.replicas while a member joins or leaves. */
  readonly replicas: number;
  /** Pods with an ordinal below it keep what they run. */
  readonly partition: number;
  /** spec.maintenance.restartAt when it is being, or was, carried out. */
  readonly restartAt?: string;
  /**
   * Whether pod 0 is told to make a new cluster. Only before the first initialisation, and only when no
   * volume of an earlier life is there: a second cluster would be born otherwise (openbao-measured.md, 0.2).
   */
  readonly selfInitialise: boolean;
  /** How OpenBao checks ServiceAccount tokens. */
  readonly issuer: { readonly url: string; readonly publicKeys: readonly string[] };
  /** Who reads as rollguard-observer. */
  readonly controller: { readonly namespace: string; readonly serviceAccount: string };
}
