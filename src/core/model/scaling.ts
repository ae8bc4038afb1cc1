import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';

/**
 * Whether a member's vote is being taken away, or its pod: until then no other may go, by whose hand ever. Also while it
 * is held or paused, for its Job may be under way.
 */
export const isRemoving = (scaling: OpenBaoClusterStatus['scaling']): boolean =>
  scaling?.step === 'RemovingPeer' || scaling?.step === 'Shrinking';
