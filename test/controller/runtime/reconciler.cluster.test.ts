import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import type { ReportedEvent } from '../../../src/controller/runtime/events.ts';
import { informer, type Informer } from '../../../src/controller/runtime/informer.ts';
import type { Leadership } from '../../../src/controller/runtime/lease.ts';
import {
  reconciler,
  type DecisionOf,
  type ReconcileContext,
  type ReconcilerOptions,
} from '../../../src/controller/runtime/reconciler.ts';
import { statusClient } from '../../../src/controller/runtime/status.ts';
import { ApiError, type StreamingClient } from '../../../src/io/kubernetes/kubernetes.ts';
import { recordingLogger, until } from '../../certs/recording-logger.ts';
import { cluster } from '../../support/gate.ts';
import { controllerGround, type ControllerGround } from '../support/ground.ts';

interface Cluster extends KubernetesObject {
  readonly spec: object;
  readonly status?: OpenBaoClusterStatus;
}
type Options = ReconcilerOptions<Cluster, Cluster, string>;
type Decision = DecisionOf<string>;

const nothing: Decision = { status: {}, effects: [], events: [] };
const started: ReportedEvent = { type: 'Normal', reason: 'Started', action: 'Start', note: 'it began' };

describe('the reconcile loop on a real API server', function () {
  const kind = { apiVersion: 'openbao.org/v1alpha1', kind: 'OpenBaoCluster' };
  const collection = '/apis/openbao.org/v1alpha1/namespaces/loop-test/openbaoclusters';
  let test: ControllerGround;
  let watched: Informer<Cluster>;
  let stopping: AbortController;
  let running: Promise<void>;
  let writes: string[];
  let client: StreamingClient;

  before(async function () {
    test = await controllerGround(this, 'loop-test');
    await test.installCrd();
  });
  after(() => test?.close());
  beforeEach(async () => {
    stopping = new AbortController();
    watched = informer<Cluster>({ client: test.client, path: collection, logger: recordingLogger() });
    running = watched.run(stopping.signal);
    await watched.synced;
    writes = [];
    client = {
      ...test.client,
      update: (path, body, options) => {
        writes.push(`PUT ${path.replace(collection, '')}`);
        return test.client.update(path, body, options);
      },
    };
  });
  afterEach(async () => {
    stopping.abort();
    await running;
    await test.client.remove(collection);
  });

  const leadership = (changes: Partial<Leadership> = {}): Leadership => ({
    term: 3,
    signal: new AbortController().signal,
    isHeld: () => true,
    release: () => Promise.resolve(),
    ...changes,
  });

  /** A loop over clusters that decides what the test says, and the steps that it took. */
  function loop(
    decide: (seen: Cluster, context: ReconcileContext) => Decision,
    changes: Partial<Options> = {},
  ) {
    const steps: string[] = [];
    const logger = recordingLogger();
    const { read, writeStatus } = statusClient<Cluster>(client, kind);
    const reconcile = reconciler<Cluster, Cluster, string>({
      controller: 'openbaocluster',
      resources: watched,
      read: (key, signal) => {
        steps.push('read');
        return read(key, signal);
      },
      async writeStatus(resource, status, signal) {
        const stored = await writeStatus(resource, status, signal);
        steps.push('status');
        return stored;
      },
      observe: (resource) => Promise.resolve(resource),
      decide,
      apply(effect) {
        steps.push(effect);
        return Promise.resolve();
      },
      record: (_resource, { reason }) => steps.push(reason),
      logger,
      ...changes,
    });
    return { reconcile, steps, logger };
  }

  /** Creates a cluster and waits until the cache has it. @returns its key */
  async function create(name: string, status?: OpenBaoClusterStatus): Promise<string> {
    const key = `loop-test/${name}`;
    const created = await test.client.create<Cluster>(collection, cluster(name, { version: '2.5.5' }));
    if (status !== undefined)
      await test.client.update(`${collection}/${name}/status`, { ...created, status });
    await until(
      'the cache has it',
      () => watched.get(key)?.status?.phase === status?.phase && watched.get(key),
    );
    return key;
  }
  const live = async (key: string) => (await test.client.get<Cluster>(`${collection}/${key.split('/')[1]}`))!;

  it('writes nothing when nothing changes', async () => {
    const key = await create('idle', { phase: 'Running' });
    const before = await live(key);
    const { reconcile, steps } = loop(({ status }) => ({
      ...nothing,
      status: status ?? {},
      events: [started],
    }));
    for (let pass = 0; pass < 5; pass += 1)
      expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'done' });
    expect(steps).to.deep.equal([]);
    expect(writes).to.deep.equal([]);
    expect(await live(key)).to.deep.equal(before);
  });

  it('records, then reports, then acts in order', async () => {
    const key = await create('whole');
    const { reconcile, steps, logger } = loop(() => ({
      status: { phase: 'Running', readyReplicas: undefined },
      effects: ['one', 'two'],
      events: [started],
    }));
    expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'done' });
    expect(steps).to.deep.equal(['status', 'Started', 'one', 'two']);
    expect(await live(key)).to.deep.include({ status: { phase: 'Running' } });
    expect((await live(key)).spec).to.deep.include({ version: '2.5.5' });
    expect(logger.lines).to.deep.equal([]);
  });

  it('gives a decision its time, a new operation id and the term', async () => {
    const key = await create('context');
    const contexts: ReconcileContext[] = [];
    const { reconcile } = loop((_seen, context) => {
      contexts.push(context);
      return nothing;
    });
    await reconcile(key, leadership({ term: 7 }));
    await reconcile(key, leadership({ term: 7 }));
    for (const { now, newOperationId, leaseTransitions } of contexts) {
      expect(now).to.be.closeTo(Date.now(), 10_000);
      expect(newOperationId).to.match(/^[a-z0-9]{10}$/);
      expect(leaseTransitions).to.equal(7);
    }
    expect(contexts[0]?.newOperationId).not.to.equal(contexts[1]?.newOperationId);
  });

  it('makes sure by an unchanged write before effects that it is still its turn, which leaves no trace', async () => {
    const key = await create('fence', { phase: 'Running' });
    const before = await live(key);
    const { reconcile, steps } = loop(({ status = {} }) => ({ ...nothing, status, effects: ['act'] }));
    await reconcile(key, leadership());
    expect(steps).to.deep.equal(['status', 'act']);
    expect(await live(key)).to.deep.equal(before);
  });

  for (const changed of [true, false]) {
    it(`does nothing when another was faster, and sees it on the next pass (${changed ? 'a change' : 'no change, effects'})`, async () => {
      const key = await create('overtaken', { phase: 'Running' });
      const { reconcile, steps } = loop(
        ({ status = {} }) => ({
          status: changed && status.phase === 'Running' ? { phase: 'Failed' } : status,
          effects: ['act'],
          events: [started],
        }),
        // The cache stands still, as if the watch were late.
        { resources: { get: () => stale, observeWrite: () => {} } },
      );
      const stale = watched.get(key);
      await test.client.update(`${collection}/overtaken/status`, {
        ...(await live(key)),
        status: { phase: 'Upgrading' },
      });
      expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'again' });
      expect(steps).to.deep.equal([]);
      expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'done' });
      expect(steps).to.deep.equal(['read', 'status', 'Started', 'act']);
      expect((await live(key)).status).to.deep.equal({ phase: 'Upgrading' });
    });
  }

  it('decides next on what it wrote itself, though the watch does not have it yet', async () => {
    const key = await create('own');
    stopping.abort();
    await running; // From here on the cache hears of nothing but our own writes.
    const seen: (string | undefined)[] = [];
    const { reconcile } = loop(({ status }) => {
      seen.push(status?.currentVersion);
      return { ...nothing, status: { currentVersion: `1.0.${seen.length}` } };
    });
    for (let pass = 0; pass < 3; pass += 1) await reconcile(key, leadership());
    expect(seen).to.deep.equal([undefined, '1.0.1', '1.0.2']);
  });

  it('stops at the first effect that fails, and tries again later', async () => {
    const key = await create('fails');
    const steps: string[] = [];
    let isBroken = true;
    const { reconcile, logger } = loop(
      ({ status = {} }) => ({ ...nothing, status, effects: ['one', 'two', 'three'] }),
      {
        apply(effect) {
          steps.push(effect);
          return effect === 'two' && isBroken ? Promise.reject(new Error('no room')) : Promise.resolve();
        },
      },
    );
    expect(await reconcile(key, leadership())).to.deep.include({ kind: 'failed' });
    expect(steps).to.deep.equal(['one', 'two']);
    expect(logger.lines.join()).to.contain('no room');
    isBroken = false;
    expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'done' });
    expect(steps).to.deep.equal(['one', 'two', 'one', 'two', 'three']);
  });

  it('waits as long as the API server asks for', async () => {
    const key = await create('busy');
    const busy = new ApiError('busy', { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 7 });
    const { reconcile } = loop(() => nothing, { observe: () => Promise.reject(busy) });
    expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'failed', notBeforeMs: 7_000 });
  });

  it('reads anew when it does not know whether its write arrived', async () => {
    const key = await create('lost');
    let isLost = true;
    const { writeStatus } = statusClient<Cluster>(test.client, kind);
    const { reconcile, steps } = loop(
      ({ status = {} }) => ({ ...nothing, status: { phase: 'Running', ...status }, effects: ['act'] }),
      {
        resources: { get: () => stale, observeWrite: () => {} },
        async writeStatus(resource, status, signal) {
          const stored = await writeStatus(resource, status, signal);
          if (isLost) throw new ApiError('no answer', { status: 0, reason: 'Timeout' });
          return stored;
        },
      },
    );
    const stale = watched.get(key);
    expect(await reconcile(key, leadership())).to.deep.include({ kind: 'failed' });
    isLost = false;
    expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'done' });
    expect(steps).to.deep.equal(['read', 'act']);
  });

  it('does not act any more once it no longer leads', async () => {
    const key = await create('deposed');
    const ended = new AbortController();
    const { reconcile, steps } = loop(
      ({ status = {} }) => ({ ...nothing, status, effects: ['one', 'two'] }),
      {
        apply(effect) {
          steps.push(effect);
          ended.abort(new Error('no longer the leader'));
          return Promise.resolve();
        },
      },
    );
    const lost = leadership({ signal: ended.signal });
    expect(await reconcile(key, lost)).to.deep.include({ kind: 'failed' });
    expect(steps).to.deep.equal(['status', 'one']);
    // Also when the signal is late: our own clock says so.
    expect(await reconcile(key, leadership({ isHeld: () => false }))).to.deep.include({ kind: 'failed' });
    expect(steps).to.deep.equal(['status', 'one']);
  });

  it('gives up a pass that takes too long, and only that', async () => {
    const key = await create('slow');
    const { reconcile, steps, logger } = loop(
      ({ status = {} }) => ({ ...nothing, status, effects: ['act'] }),
      {
        passTimeoutMs: 300,
        observe: (_resource, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          }),
      },
    );
    expect(await reconcile(key, leadership())).to.deep.include({ kind: 'failed' });
    expect(logger.lines.join()).to.contain('the pass took longer than 300 ms');
    expect(steps).to.deep.equal([]);
  });

  it('looks again when the decision says, and not in the past', async () => {
    const key = await create('later');
    const at = Date.now() + 60_000;
    let requeueAt = at;
    const { reconcile } = loop(() => ({ ...nothing, requeueAt }));
    expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'done', at });
    requeueAt = 0;
    const outcome = await reconcile(key, leadership());
    expect(outcome.kind === 'done' && outcome.at).to.be.above(Date.now());
  });

  it('has nothing to do for what is gone, also when it goes in the middle', async () => {
    const { reconcile, steps } = loop(() => ({ ...nothing, effects: ['act'] }));
    expect(await reconcile('loop-test/nobody', leadership())).to.deep.equal({ kind: 'done' });
    const key = await create('going');
    const { reconcile: late } = loop(() => ({ ...nothing, effects: ['act'] }), {
      async observe(resource) {
        await test.client.remove(`${collection}/going`);
        return resource;
      },
    });
    expect(await late(key, leadership())).to.deep.equal({ kind: 'done' });
    expect(steps).to.deep.equal([]);
  });

  it('does not write over another object of the same name', async () => {
    const key = await create('reborn');
    const { reconcile, steps } = loop(() => ({ ...nothing, effects: ['act'] }), {
      async observe(resource) {
        await test.client.remove(`${collection}/reborn`);
        await test.client.create(collection, cluster('reborn', { version: '2.5.5' }));
        return { ...resource, metadata: resource.metadata! };
      },
    });
    expect(await reconcile(key, leadership())).to.deep.equal({ kind: 'again' });
    expect(steps).to.deep.equal([]);
  });

  it('says when the API server drops what it wrote, once', async () => {
    const key = await create('dropped');
    const { reconcile, logger } = loop(() => ({ ...nothing, status: { phase: 'Running', unheardOf: 1 } }));
    await reconcile(key, leadership());
    await reconcile(key, leadership());
    expect(logger.lines.filter((line) => line.includes('another status'))).to.have.length(1);
    expect(logger.lines.join()).to.contain('"unheardOf"');
  });

  it('survives a decision that throws', async () => {
    const key = await create('throws');
    const { reconcile } = loop(() => {
      throw new TypeError('a defect');
    });
    expect(await reconcile(key, leadership())).to.deep.include({ kind: 'failed' });
  });

  it('comes through a storm of conflicts without acting on what is old', async () => {
    const key = await create('storm', { readyReplicas: 0 });
    const over = new AbortController();
    const storm = (async () => {
      for (let n = 1; n <= 200; n += 1)
        await test.client.request({
          method: 'PATCH',
          path: `${collection}/storm/status`,
          body: { status: { readyReplicas: n } },
        });
      over.abort();
    })();
    const acted: { readonly on: string; readonly stored: string }[] = [];
    let decidedOn = '';
    const { reconcile } = loop(
      (seen) => {
        decidedOn = seen.metadata?.resourceVersion ?? '';
        return { ...nothing, status: seen.status ?? {}, effects: ['act'] };
      },
      {
        apply(_effect, stored) {
          acted.push({ on: decidedOn, stored: stored.metadata?.resourceVersion ?? '' });
          return Promise.resolve();
        },
      },
    );
    let conflicts = 0;
    while (!over.signal.aborted) {
      if ((await reconcile(key, leadership())).kind === 'again') conflicts += 1;
      await turn();
    }
    await storm;
    await reconcile(key, leadership());
    expect(acted.length).to.be.above(0);
    expect(conflicts).to.be.above(0);
    for (const { on, stored } of acted) expect(stored).to.equal(on);
    expect((await live(key)).status).to.deep.equal({ readyReplicas: 200 });
  });
});
