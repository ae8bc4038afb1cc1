import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { keyOf } from '../../../src/controller/runtime/cache.ts';
import { eventRecorder } from '../../../src/controller/runtime/events.ts';
import { informer } from '../../../src/controller/runtime/informer.ts';
import { leaseElector, type Leadership } from '../../../src/controller/runtime/lease.ts';
import { controllerMetrics } from '../../../src/controller/runtime/metrics.ts';
import type { Outcome } from '../../../src/controller/runtime/queue.ts';
import { runControllers, source, type RunOptions } from '../../../src/controller/runtime/run.ts';
import { recordingLogger, until } from '../../certs/recording-logger.ts';
import { brokenNetwork } from '../support/broken-network.ts';
import { controllerGround, type ControllerGround } from '../support/ground.ts';

describe('a running controller', function () {
  let test: ControllerGround;
  let count = 0;
  let lease: string;
  let stops: (() => Promise<unknown>)[];

  before(async function () {
    test = await controllerGround(this, 'run-test');
  });
  after(() => test?.close());
  beforeEach(() => {
    count += 1;
    lease = `run-${count}`;
    stops = [];
  });
  afterEach(async () => {
    await Promise.allSettled(stops.map((stop) => stop()));
    await test.client.remove(test.configMaps);
  });

  type Work = (key: string, leadership: Leadership) => Promise<Outcome>;
  const quick = { leaseDurationSeconds: 3, renewDeadlineMs: 2_000, retryPeriodMs: 300 };

  /** Starts one process's worth of controller, which looks after ConfigMaps. */
  function start(identity: string, work: Work, changes: Partial<RunOptions> = {}, kubeconfig?: string) {
    const client = test.connect(kubeconfig);
    const logger = recordingLogger();
    const metrics = controllerMetrics(['configmap']);
    const watched = informer<KubernetesObject>({ client, path: test.configMaps, logger });
    const passes: string[] = [];
    const stopping = new AbortController();
    let port = 0;
    const running = runControllers(
      {
        controllers: [
          {
            name: 'configmap',
            sources: [source(watched, (object) => [keyOf(object).split('/')[1] ?? ''])],
            reconcile: (key, leadership) => {
              passes.push(key);
              return work(key, leadership);
            },
          },
        ],
        elector: leaseElector({ client, namespace: test.namespace, name: lease, identity, logger, ...quick }),
        leaseName: lease,
        events: eventRecorder({ client, logger, reportingInstance: identity }),
        metrics,
        logger,
        statusPort: 0,
        onListening: (listening) => (port = listening),
        ...changes,
      },
      stopping.signal,
    );
    const stop = () => {
      stopping.abort();
      return running;
    };
    running.catch(() => {}); // Each test looks at it itself.
    stops.push(stop);
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };
    return { passes, stop, running, logger, get, isListening: () => port > 0 };
  }
  const done: Work = () => Promise.resolve({ kind: 'done' });

  it('looks after what is there, and after what changes', async () => {
    await test.create('a');
    const { passes, get, isListening } = start('one', done);
    await until('it has looked', () => passes.includes('a'));
    await test.create('b');
    await until('it has seen b', () => passes.includes('b'));
    await test.set('a', { v: '1' });
    await until('it has seen a again', () => passes.filter((key) => key === 'a').length === 2);
    await test.remove('b');
    await until('it has seen that b is gone', () => passes.filter((key) => key === 'b').length === 2);
    expect(isListening()).to.equal(true);
    expect(await get('/healthz')).to.deep.include({ status: 200, text: 'ok' });
    expect(await get('/readyz')).to.deep.include({ status: 200, text: 'ok' });
    const { text } = await get('/metrics');
    expect(text).to.contain(`leader_election_master_status{name="${lease}"} 1`);
    expect(text).to.contain('workqueue_adds_total{name="configmap",controller="configmap"} 4');
  });

  it('is not ready before it knows what is there', async () => {
    const network = await brokenNetwork(test.ground.kubeconfig);
    network.cut(true);
    const { get, isListening, stop } = start('one', done, {}, network.kubeconfig);
    await until('it listens', isListening);
    expect((await get('/readyz')).status).to.equal(503);
    expect((await get('/healthz')).status).to.equal(200);
    network.cut(false);
    await until('it is ready', async () => (await get('/readyz')).status === 200);
    await stop();
    await network.close();
  });

  it('ends also while nothing answers', async () => {
    const network = await brokenNetwork(test.ground.kubeconfig);
    network.cut(true);
    const { isListening, stop } = start('one', done, {}, network.kubeconfig);
    await until('it listens', isListening);
    await stop();
    await network.close();
  });

  it('hands over: ends its last pass, starts none, and the successor begins soon', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await test.create(name);
    const end = Promise.withResolvers<Outcome>();
    const one = start('one', () => end.promise);
    await until('four are under way', () => one.passes.length === 4);
    const two = start('two', done);
    await until(
      'it is a standby',
      async () => two.isListening() && (await two.get('/readyz')).status === 200,
    );
    expect((await two.get('/metrics')).text).to.contain(`leader_election_master_status{name="${lease}"} 0`);
    const stopped = one.stop();
    await pause(1_000);
    expect(two.passes).to.deep.equal([]);
    end.resolve({ kind: 'again' });
    await stopped;
    const released = performance.now();
    expect(one.passes).to.have.length(4);
    await until('the successor has looked at all', () => new Set(two.passes).size === 6);
    // Long before the lease would have run out.
    expect(performance.now() - released).to.be.below(10_000);
  });

  it('tells passes to stop that take too long, and then still releases', async () => {
    await test.create('a');
    const { passes, stop } = start(
      'one',
      (_key, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ kind: 'failed' }), { once: true });
        }),
      { drainMs: 200 },
    );
    await until('it is in progress', () => passes.length === 1);
    await stop();
    const path = `/apis/coordination.k8s.io/v1/namespaces/run-test/leases/${lease}`;
    const held = await test.client.get<{ spec: { holderIdentity?: string } }>(path);
    expect(held?.spec.holderIdentity ?? '').to.equal('');
  });

  it('does not release while a pass goes on that cannot be stopped, and says so', async () => {
    await test.create('a');
    const { passes, stop, logger } = start('one', () => new Promise(() => {}), { drainMs: 100 });
    await until('it is in progress', () => passes.length === 1);
    const error = await stop().then(
      () => expect.fail('it ended well'),
      (failure: unknown) => failure as Error,
    );
    expect(error.message).to.equal('passes over a did not end in time');
    expect(logger.lines.join()).to.contain('passes did not end in time');
    const path = `/apis/coordination.k8s.io/v1/namespaces/run-test/leases/${lease}`;
    const held = await test.client.get<{ spec: { holderIdentity?: string } }>(path);
    expect(held?.spec.holderIdentity).to.equal('one');
  });

  it('stops leading when it is cut off, and leads again afterwards', async () => {
    await test.create('a');
    const network = await brokenNetwork(test.ground.kubeconfig);
    const signals: AbortSignal[] = [];
    const { passes, stop } = start(
      'one',
      (_key, { signal }) => {
        signals.push(signal);
        return Promise.resolve({ kind: 'done' });
      },
      {},
      network.kubeconfig,
    );
    await until('it leads', () => passes.length === 1);
    network.cut(true);
    await until('it stops', () => signals[0]?.aborted === true);
    network.cut(false);
    await until('it leads again and looks at everything', () => passes.length >= 2);
    expect(signals.at(-1)?.aborted).to.equal(false);
    await stop();
    await network.close();
  });

  it('never has two processes at work on one thing', async () => {
    await test.create('a');
    let underWay = 0;
    let most = 0;
    const seen = new Set<string>();
    const work =
      (who: string): Work =>
      async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await pause(30);
        underWay -= 1;
        seen.add(who);
        return { kind: 'done', at: Date.now() + 20 };
      };
    for (let round = 0; round < 4; round += 1) {
      const processes = ['x', 'y'].map((who) => start(`${who}${round}`, work(`${who}${round}`)));
      await until('one works', () => processes.some(({ passes }) => passes.length > 2));
      const [leader] = processes.filter(({ passes }) => passes.length > 0);
      const [other] = processes.filter((each) => each !== leader);
      await leader?.stop();
      await until('the other works', () => (other?.passes.length ?? 0) > 2);
      await other?.stop();
    }
    expect(most).to.equal(1);
    expect(seen.size).to.equal(8);
  });
});
