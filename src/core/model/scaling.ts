import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';

/**
 * Whether a member's vote is being taken away, or its pod: until then no other may go, by whose hand ever. While it is held
 * or paused its Job may be under way: src/core/cluster/evictions.ts knows when it is not.
 */
export const isRemoving = (scaling: OpenBaoClusterStatus['scaling']): boolean =>
  scaling?.step === 'RemovingPeer' || scaling?.step === 'Shrinking';
