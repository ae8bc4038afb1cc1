import type { Progress } from './components.ts';
import type { Ground, GroundSize, PodNetwork } from './contract.ts';
import { useForeignCluster } from './foreign.ts';
import { startControlPlaneGround } from './local.ts';
import { startNodeGround } from './node.ts';
import { removeLeftovers } from './state.ts';

export { availability, type Availability } from './availability.ts';
export type { Ground, GroundSize, KubectlOptions, KubectlResult, PodNetwork } from './contract.ts';

export interface GroundOptions {
  readonly size: GroundSize;
  /** Takes each line on what is going on. Default: stderr. */
  readonly progress?: Progress;
  /** For `node`. Default: `ptp`. */
  readonly network?: PodNetwork;
  /** A cluster to use as it is, named by its kubeconfig. Default: KUBECONFIG, and else a ground of this machine. */
  readonly kubeconfig?: string;
  /** Marks a ground that a person keeps running. */
  readonly kept?: boolean;
}

/**
 * A real Kubernetes: the one a kubeconfig names, or else one that is started on this machine.
 * Removes first what killed owners left.
 *
 * @throws Error that says what is missing or which component did not start, with the end of its log
 */
export async function startGround(options: GroundOptions): Promise<Ground> {
  const { size, progress = tellStderr, kept = false } = options;
  for (const line of await removeLeftovers()) progress(line);
  const foreign = options.kubeconfig ?? process.env['KUBECONFIG'] ?? '';
  if (foreign !== '') return useForeignCluster(size, foreign, progress);
  if (size === 'node') return startNodeGround(options.network ?? 'ptp', kept, progress);
  return startControlPlaneGround(kept, progress);
}

export function tellStderr(line: string): void {
  process.stderr.write(`ground: ${line}\n`);
}
