import { availability, type Ground, type GroundSize } from '../cluster/test-cluster.ts';
import { groundTimeoutMs, sharedCluster } from '../cluster/shared.ts';
import { skip } from './skip.ts';

/**
 * For a suite's `before` hook: the shared ground of this machine, which the suite may do
 * anything to. Skips the suite where there is none.
 */
export async function ownGround(context: Mocha.Context, size: GroundSize): Promise<Ground> {
  context.timeout(groundTimeoutMs);
  if (process.env['KUBECONFIG']) {
    skip(
      context,
      'it restarts, installs into and tears down its cluster, and KUBECONFIG names one that is not ours',
    );
  }
  const there = await availability(size);
  if (!there.available) skip(context, `${there.why}; ${there.remedy}`);
  return sharedCluster(size);
}
