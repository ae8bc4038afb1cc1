import type { CallOptions, KubernetesClient } from './kubernetes.ts';

/** What holds a call to the term of the leader that makes it. */
export interface Fence {
  /** Raised when the term is over, or its pass has taken too long. */
  readonly signal: AbortSignal;
  /** @throws Error when the term is over by our own clock, also where the signal is late */
  readonly assertHeld: () => void;
}

/**
 * A client whose every call belongs to a term: none begins after its end, and one under way is broken off. A process
 * that was stopped may still wake up in mid-call; against that each call has its own precondition.
 */
export function fencedClient(client: KubernetesClient, { signal, assertHeld }: Fence): KubernetesClient {
  const within = <Options extends CallOptions>(options: Options): Options => {
    assertHeld();
    const signals = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    return { ...options, signal: signals };
  };
  return {
    request: async (call) => client.request(within(call)),
    get: async (path, options = {}) => client.get(path, within(options)),
    list: async (path, options = {}) => client.list(path, within(options)),
    create: async (path, body, options = {}) => client.create(path, body, within(options)),
    update: async (path, body, options = {}) => client.update(path, body, within(options)),
    apply: async (path, body, options) => client.apply(path, body, within(options)),
    remove: async (path, options = {}) => client.remove(path, within(options)),
    close: () => client.close(),
  };
}
