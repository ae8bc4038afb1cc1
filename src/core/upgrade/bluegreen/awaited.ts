import type { BlueGreenUpgrade } from '../../../api/openbaocluster.ts';

/** What a blue-green upgrade may wait for as spec asks it to, as long as a person wants. */
export const awaitedRequests = {
  promote: {
    waitingReason: 'PromoteRequest',
    /** In words, for `waitingFor`. */
    waitingFor: 'spec.upgrade.requests.promote, since autoPromote is false',
  },
  cleanup: {
    waitingReason: 'CleanupRequest',
    waitingFor: 'spec.upgrade.requests.cleanup, since autoCleanup is false',
  },
} as const satisfies Record<
  string,
  { readonly waitingReason: BlueGreenUpgrade['waitingReason']; readonly waitingFor: string }
>;

export type AwaitedRequest = keyof typeof awaitedRequests;

/** The request that nothing goes on without; undefined when it waits for none. */
export const awaitedRequest = ({ waitingReason }: BlueGreenUpgrade): AwaitedRequest | undefined =>
  (Object.keys(awaitedRequests) as readonly AwaitedRequest[]).find(
    (request) => awaitedRequests[request].waitingReason === waitingReason,
  );
