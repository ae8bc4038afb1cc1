import { expect } from 'chai';
import { fencedClient } from '../../../src/io/kubernetes/fenced-client.ts';
import type { CallOptions, KubernetesClient } from '../../../src/io/kubernetes/kubernetes.ts';

describe('a client within a term (C2)', () => {
  const path = '/api/v1/pods/x';
  const body = { metadata: { name: 'x' } };
  const calls: Readonly<
    Record<string, (client: KubernetesClient, options?: CallOptions) => Promise<unknown>>
  > = {
    request: (client, options) => client.request({ method: 'GET', path, ...options }),
    get: (client, options) => client.get(path, options),
    list: (client, options) => client.list(path, options),
    create: (client, options) => client.create(path, body, options),
    update: (client, options) => client.update(path, body, options),
    apply: (client, options) => client.apply(path, body, { fieldManager: 'x', ...options }),
    remove: (client, options) => client.remove(path, options),
  };

  /** Remembers the signal of each call. */
  function recorded() {
    const signals: (AbortSignal | undefined)[] = [];
    const answer = (...given: unknown[]) => {
      signals.push((given.at(-1) as CallOptions).signal);
      return Promise.resolve(undefined as never);
    };
    const names = Object.keys(calls);
    const client = Object.fromEntries(names.map((name) => [name, answer])) as unknown as KubernetesClient;
    return { client, signals };
  }

  for (const [name, call] of Object.entries(calls)) {
    it(`breaks off ${name} at its end, and begins none after it`, async () => {
      const { client, signals } = recorded();
      const term = new AbortController();
      let isHeld = true;
      const fenced = fencedClient(client, {
        signal: term.signal,
        assertHeld() {
          if (!isHeld) throw new Error('no longer the leader');
        },
      });
      const own = new AbortController();
      await call(fenced);
      await call(fenced, { signal: own.signal });
      expect(signals.map((signal) => signal?.aborted)).to.deep.equal([false, false]);
      term.abort();
      expect(signals.map((signal) => signal?.aborted)).to.deep.equal([true, true]);
      isHeld = false;
      const [late] = await Promise.allSettled([call(fenced)]);
      expect(String((late as PromiseRejectedResult).reason)).to.contain('no longer the leader');
      expect(signals).to.have.length(2);
    });

    it(`lets the caller break off ${name} himself`, async () => {
      const { client, signals } = recorded();
      const fenced = fencedClient(client, { signal: new AbortController().signal, assertHeld() {} });
      const own = new AbortController();
      await call(fenced, { signal: own.signal });
      own.abort();
      expect(signals[0]?.aborted).to.equal(true);
    });
  }
});
