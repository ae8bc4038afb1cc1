import type { CommandResult } from '../../packaging/command.ts';

/** etcd and an API server (admission, no pods), or a whole one-node cluster (needs root). */
export type GroundSize = 'control-plane' | 'node';

/**
 * How pods reach each other. `ptp` is routed, as most cloud networks are. On a `bridge` a vanished
 * pod's address swallows packets, so that its peers hang in their dials: the harsher one.
 */
export type PodNetwork = 'ptp' | 'bridge';

export type KubectlResult = CommandResult;

/** A real Kubernetes that tests and people use alike. */
export interface Ground {
  readonly size: GroundSize;
  /** Whether it was started here; else it is a cluster the caller named, of whatever version. */
  readonly isOwn: boolean;
  /** Path of a kubeconfig that may do everything. */
  readonly kubeconfig: string;
  /** Its state: logs, certificates. */
  readonly directory: string;
  /** One line: where the cluster came from. */
  readonly source: string;
  /**
   * An address at which a server that this machine's processes start is reached from the API
   * server, such as a webhook named by URL.
   */
  readonly hostAddress: string;
  /** Never throws on a non-zero exit. `timeoutMs` defaults to a minute, or 10 s more than a `--timeout=<n>s` asks for. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** The path of a kubeconfig for a user of these groups. */
  kubeconfigFor(user: string, groups: readonly string[]): Promise<string>;
  /** Gives the node the images of a docker-archive. @throws Error when the cluster is not this machine's */
  loadImage(archive: string): Promise<void>;
  /** Stops the API server, starts it again and waits for it. @throws Error when the cluster is not this machine's */
  restartApiServer(): Promise<void>;
  /** Stops the ground and leaves nothing of it. A second call does nothing. */
  stop(): Promise<void>;
}

export interface KubectlOptions {
  readonly input?: string;
  readonly kubeconfig?: string;
  readonly timeoutMs?: number;
}
