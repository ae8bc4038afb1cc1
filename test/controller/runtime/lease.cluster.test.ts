import { expect } from 'chai';
import { leaseElector, type Leadership, type LeaseOptions } from '../../../src/controller/runtime/lease.ts';
import { aborted } from '../../../src/controller/runtime/clock.ts';
import { ApiError, type KubernetesClient } from '../../../src/io/kubernetes/kubernetes.ts';
import { recordingLogger, until } from '../../certs/recording-logger.ts';
import { controllerGround, type ControllerGround } from '../support/ground.ts';

interface Lease {
  readonly metadata: object;
  readonly spec: Readonly<Record<string, unknown>>;
}

describe('leader election on a real API server', function () {
  let test: ControllerGround;
  let name: string;
  let count = 0;
  let stopping: AbortController;

  before(async function () {
    test = await controllerGround(this, 'lease-test');
  });
  after(() => test?.close());
  beforeEach(() => {
    count += 1;
    name = `lease-${count}`;
    stopping = new AbortController();
  });
  afterEach(() => stopping.abort());

  const path = () => `/apis/coordination.k8s.io/v1/namespaces/lease-test/leases/${name}`;
  const read = async () => (await test.client.get<Lease>(path()))!;

  /** A candidate whose calls can be made to fail, as if its process, or its network, were gone. */
  function candidate(identity: string, options: Partial<LeaseOptions> = {}) {
    let isCut = false;
    const unlessCut = <T>(call: () => Promise<T>): Promise<T> =>
      isCut ? Promise.reject(new ApiError('cut', { status: 0, reason: 'Unreachable' })) : call();
    const client: LeaseOptions['client'] = {
      get: (...given: Parameters<KubernetesClient['get']>) =>
        unlessCut(() => test.client.get(...given)) as never,
      create: (...given: Parameters<KubernetesClient['create']>) =>
        unlessCut(() => test.client.create(...given)) as never,
      update: (...given: Parameters<KubernetesClient['update']>) =>
        unlessCut(() => test.client.update(...given)) as never,
    };
    const logger = recordingLogger();
    const elector = leaseElector({ client, namespace: 'lease-test', name, identity, logger, ...options });
    return {
      logger,
      acquire: (signal = stopping.signal) => elector.acquire(signal),
      cut: (wanted: boolean) => {
        isCut = wanted;
      },
    };
  }
  const quick = { leaseDurationSeconds: 3, renewDeadlineMs: 2_000, retryPeriodMs: 300 };
  const held = async (leading: Promise<Leadership | undefined>) => {
    const leadership = await leading;
    if (leadership === undefined) return expect.fail('it does not lead');
    return leadership;
  };

  it('writes the Lease as client-go does', async () => {
    const leadership = await held(candidate('one').acquire());
    const { spec } = await read();
    expect(spec).to.include({ holderIdentity: 'one', leaseDurationSeconds: 25, leaseTransitions: 0 });
    expect(spec['renewTime']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(leadership.term).to.equal(0);
    expect(leadership.isHeld()).to.equal(true);
    await leadership.release();
    expect(leadership.isHeld()).to.equal(false);
    expect(leadership.signal.aborted).to.equal(true);
    expect((await read()).spec).to.include({ leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect((await read()).spec['holderIdentity'] ?? '').to.equal('');
  });

  it('goes on for as long as it is renewed', async () => {
    const leadership = await held(candidate('one', quick).acquire());
    const first = (await read()).spec['renewTime'];
    await new Promise((resolve) => void setTimeout(resolve, 4_000));
    expect(leadership.isHeld()).to.equal(true);
    expect((await read()).spec['renewTime']).not.to.equal(first);
    await leadership.release();
  });

  it('hands over at once, with the times that production has', async () => {
    const leadership = await held(candidate('one').acquire());
    const successor = held(candidate('two').acquire());
    await new Promise((resolve) => void setTimeout(resolve, 1_000));
    const released = performance.now();
    await leadership.release();
    const next = await successor;
    // Long before the lease would have run out.
    expect(performance.now() - released).to.be.below(10_000);
    expect(next.term).to.equal(1);
    expect((await read()).spec).to.include({ holderIdentity: 'two', leaseTransitions: 1 });
    await next.release();
  });

  it('goes over from one that was killed when its time is up, and not before', async () => {
    const one = candidate('one', quick);
    const leadership = await held(one.acquire());
    let led = 0;
    const successor = held(candidate('two', quick).acquire()).finally(() => (led = performance.now()));
    await new Promise((resolve) => void setTimeout(resolve, 500));
    const killed = performance.now();
    one.cut(true);
    await aborted(leadership.signal);
    const stopped = performance.now();
    const next = await successor;
    expect(stopped - killed).to.be.below(4_000);
    expect(led).to.be.above(stopped);
    expect(next.term).to.equal(1);
    expect(one.logger.lines.join()).to.contain('not renewed for 2000 ms');
    await next.release();
  });

  it('is over at once when somebody else holds the Lease', async () => {
    const leadership = await held(candidate('one', quick).acquire());
    const lease = await read();
    await test.client.update(path(), { ...lease, spec: { ...lease.spec, holderIdentity: 'usurper' } });
    await aborted(leadership.signal);
    expect((leadership.signal.reason as Error).message).to.equal('no longer the leader: held by usurper');
    await leadership.release();
    expect((await read()).spec).to.include({ holderIdentity: 'usurper' });
  });

  it('survives that somebody labels the Lease', async () => {
    const leadership = await held(candidate('one', quick).acquire());
    for (let n = 0; n < 5; n += 1) {
      const body = { metadata: { labels: { n: String(n) } } };
      await test.client.request({ method: 'PATCH', path: path(), body });
      await new Promise((resolve) => void setTimeout(resolve, 700));
    }
    expect(leadership.isHeld()).to.equal(true);
    await leadership.release();
  });

  it('is over when the Lease is deleted, and a candidate that knows of a leader still waits for its end', async () => {
    const leadership = await held(candidate('one', quick).acquire());
    const successor = held(candidate('two', quick).acquire());
    await new Promise((resolve) => void setTimeout(resolve, 700));
    await test.client.remove(path());
    let next: Leadership | undefined;
    void successor.then((came) => (next = came));
    await aborted(leadership.signal);
    expect(next).to.equal(undefined);
    await (await successor).release();
  });

  it('waits for an API server that does not answer, and for one that restarts', async () => {
    const one = candidate('one');
    one.cut(true);
    const leading = held(one.acquire());
    await until('it tried', () => one.logger.lines.length > 0);
    one.cut(false);
    const leadership = await leading;
    await test.ground.restartApiServer();
    await new Promise((resolve) => void setTimeout(resolve, 3_000));
    expect(leadership.isHeld()).to.equal(true);
    await leadership.release();
  });

  it('is over by its own clock also when the signal is late', async () => {
    const one = candidate('one', { ...quick, renewDeadlineMs: 300, retryPeriodMs: 200 });
    const leadership = await held(one.acquire());
    const stop = performance.now() + 400;
    while (performance.now() < stop); // The process is stopped.
    expect(leadership.signal.aborted).to.equal(false);
    expect(leadership.isHeld()).to.equal(false);
    await leadership.release();
  });

  it('stops competing at the signal', async () => {
    const leadership = await held(candidate('one').acquire());
    const waiting = candidate('two').acquire();
    stopping.abort();
    expect(await waiting).to.equal(undefined);
    await leadership.release();
  });

  it('never has two leaders, whatever happens to them', async () => {
    const terms: {
      readonly who: string;
      readonly from: number;
      readonly to: number;
      readonly term: number;
    }[] = [];
    const compete = async (who: string, nth: number) => {
      const one = candidate(who, quick);
      for (let round = 0; !stopping.signal.aborted; round += 1) {
        const leadership = await one.acquire();
        if (leadership === undefined) return;
        const from = performance.now();
        const fate = (round + nth) % 3;
        if (fate === 0)
          await Promise.race([aborted(stopping.signal), new Promise((go) => void setTimeout(go, 700))]);
        if (fate === 1) {
          one.cut(true);
          await aborted(leadership.signal);
        }
        if (fate === 2)
          await Promise.race([aborted(stopping.signal), new Promise((go) => void setTimeout(go, 200))]);
        // Until here it acts; `release` is called when nothing does any more.
        terms.push({ who, from, to: performance.now(), term: leadership.term });
        await leadership.release();
        one.cut(false);
      }
    };
    const competing = ['one', 'two', 'three'].map(compete);
    await until('there were eight terms', () => terms.length >= 8);
    stopping.abort();
    await Promise.all(competing);
    const inOrder = terms.toSorted((a, b) => a.from - b.from);
    inOrder.slice(1).forEach((next, index) => {
      const last = inOrder[index]!;
      expect(next.from, JSON.stringify({ last, next })).to.be.above(last.to);
      expect(next.term).to.be.at.least(last.term);
      if (next.who !== last.who) expect(next.term).to.be.above(last.term);
    });
  });
});
