import type { BlueGreenUpgrade } from '../../../api/openbaocluster.ts';

/** What a blue-green upgrade may wait for as spec asks it to, as long as a person wants: in words for `waitingFor`. */
export const awaitedRequests = {
  promote: 'spec.upgrade.requests.promote, since autoPromote is false',
  cleanup: 'spec.upgrade.requests.cleanup, since autoCleanup is false',
} as const;

export type AwaitedRequest = keyof typeof awaitedRequests;

/** The request that nothing goes on without; undefined when it waits for none. */
export const awaitedRequest = ({ waitingFor }: BlueGreenUpgrade): AwaitedRequest | undefined =>
  (Object.keys(awaitedRequests) as readonly AwaitedRequest[]).find(
    (request) => awaitedRequests[request] === waitingFor,
  );
