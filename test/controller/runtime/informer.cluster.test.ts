import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { informer, type Informer, type InformerOptions } from '../../../src/controller/runtime/informer.ts';
import type { Call, StreamingClient } from '../../../src/io/kubernetes/kubernetes.ts';
import { recordingLogger, until } from '../../certs/recording-logger.ts';
import { brokenNetwork, type BrokenNetwork } from '../support/broken-network.ts';
import { controllerGround, type ControllerGround } from '../support/ground.ts';

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

describe('an informer on a real API server', function () {
  let test: ControllerGround;
  let network: BrokenNetwork;
  let stops: (() => Promise<void>)[];

  before(async function () {
    test = await controllerGround(this, 'informer-test');
  });
  after(() => test?.close());
  beforeEach(async () => {
    stops = [];
    network = await brokenNetwork(test.ground.kubeconfig);
  });
  afterEach(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await network.close();
    await test.client.remove(test.configMaps);
  });

  /** Starts an informer on ConfigMaps, by the network that can be broken. */
  function start(options: Partial<InformerOptions<ConfigMap>> = {}) {
    const client = test.connect(network.kubeconfig);
    const lists: Call[] = [];
    const watches: string[] = [];
    const changes: string[] = [];
    const logger = recordingLogger();
    const recording: Pick<StreamingClient, 'request' | 'stream'> = {
      request: (call) => {
        lists.push(call);
        return client.request(call);
      },
      stream: (path, given) => {
        watches.push(given.query?.['resourceVersion'] ?? '');
        return client.stream(path, given);
      },
    };
    const watched = informer<ConfigMap>({
      client: recording,
      path: test.configMaps,
      logger,
      backoff: { firstMs: 50, maxMs: 400 },
      ...options,
    });
    watched.onChange(({ key, old, new: now }) =>
      changes.push(`${key.split('/')[1]}: ${old?.data?.['v'] ?? '-'} > ${now?.data?.['v'] ?? '-'}`),
    );
    const stopping = new AbortController();
    const running = watched.run(stopping.signal);
    stops.push(async () => {
      stopping.abort();
      await running;
    });
    return { watched, lists, watches, changes, logger };
  }

  const get = (watched: Informer<ConfigMap>, name: string) => watched.get(`${test.namespace}/${name}`);
  const has = (watched: Informer<ConfigMap>, name: string, v: string) => () =>
    get(watched, name)?.data?.['v'] === v;

  it('holds what is there, then follows what comes, changes and goes', async () => {
    await test.create('a', { data: { v: '1' } });
    const { watched, changes, lists } = start();
    expect(watched.isSynced()).to.equal(false);
    await watched.synced;
    expect(watched.size).to.equal(1);
    await test.create('b', { data: { v: '1' } });
    await test.set('a', { v: '2' });
    await test.remove('a');
    await until('the end', () => changes.length === 4);
    expect(changes).to.deep.equal(['a: - > 1', 'b: - > 1', 'a: 1 > 2', 'a: 2 > -']);
    expect(lists).to.have.length(1);
    expect([...watched.values()].map(({ metadata }) => metadata?.name)).to.deep.equal(['b']);
  });

  it('holds listed and watched objects alike: raw, with their kind, without what nobody reads', async () => {
    await test.create('listed', { data: { v: '1' } });
    const { watched } = start();
    await watched.synced;
    await test.create('watched', { data: { v: '1' } });
    await until('it comes', has(watched, 'watched', '1'));
    for (const name of ['listed', 'watched']) {
      const object = get(watched, name);
      expect(object, name).to.include({ apiVersion: 'v1', kind: 'ConfigMap' });
      expect(object?.metadata).to.have.keys(
        'name',
        'namespace',
        'uid',
        'resourceVersion',
        'creationTimestamp',
      );
    }
  });

  it('keeps to a label, and lets go what loses it', async () => {
    await test.create('mine', { labels: { own: 'x' }, data: { v: '1' } });
    await test.create('other');
    const groupOf = ({ metadata }: ConfigMap) => metadata?.labels?.['own'];
    const { watched } = start({ labelSelector: 'own', groupOf });
    await watched.synced;
    expect(watched.size).to.equal(1);
    expect(watched.inGroup('x')).to.have.length(1);
    const relabel = (own: string | null) =>
      test.client.request({
        method: 'PATCH',
        path: `${test.configMaps}/mine`,
        body: { metadata: { labels: { own } } },
      });
    await relabel('y');
    await until('it moves', () => watched.inGroup('y').length === 1);
    expect(watched.inGroup('x')).to.deep.equal([]);
    await relabel(null);
    await until('it goes', () => watched.size === 0);
    expect(watched.inGroup('y')).to.deep.equal([]);
  });

  it('can do with names and labels alone', async () => {
    await test.create('listed', { labels: { a: 'b' }, data: { v: '1' } });
    const { watched } = start({ metadataOnly: true });
    await watched.synced;
    await test.create('watched', { labels: { a: 'b' }, data: { v: '1' } });
    await until('it comes', () => watched.size === 2);
    for (const name of ['listed', 'watched']) {
      expect(get(watched, name), name)
        .to.include({ kind: 'PartialObjectMetadata' })
        .and.not.have.property('data');
      expect(get(watched, name)?.metadata?.labels).to.deep.equal({ a: 'b' });
    }
  });

  it('goes on where it was after each reset, without a list, and misses nothing', async () => {
    const { watched, changes, lists, watches } = start();
    await watched.synced;
    await test.create('a', { data: { v: '0' } });
    for (let round = 1; round <= 10; round += 1) {
      network.reset();
      await test.set('a', { v: String(round) });
      await until('it comes', has(watched, 'a', String(round)));
    }
    expect(changes).to.deep.equal(Array.from({ length: 11 }, (_, n) => `a: ${n === 0 ? '-' : n - 1} > ${n}`));
    expect(lists).to.have.length(1);
    // Each from a later version than the one before, as far as something happened in between.
    expect(new Set(watches).size).to.be.above(5);
  });

  it('is right in the end, whatever breaks on the way', async () => {
    const { watched } = start();
    const over = new AbortController();
    const breaking = (async () => {
      for (let fault = 0; !over.signal.aborted; fault += 1) {
        await pause(20 + (fault % 5) * 10);
        if (fault % 4 === 3) {
          network.cut(true);
          await pause(30);
          network.cut(false);
        } else network.reset();
      }
    })();
    for (let n = 0; n < 150; n += 1) {
      const name = `m${n % 12}`;
      if (n % 12 === n) await test.create(name, { data: { v: String(n) } });
      else await test.set(name, { v: String(n) });
    }
    await test.remove('m3');
    over.abort();
    await breaking;
    await until('it is as the API server has it', async () => {
      const there = await test.client.list<ConfigMap>(test.configMaps);
      const held = [...watched.values()];
      const versions = (objects: readonly ConfigMap[]) =>
        objects
          .map(({ metadata }) => `${metadata?.name}@${metadata?.resourceVersion}`)
          .toSorted()
          .join();
      return versions(there) === versions(held);
    });
    expect(watched.size).to.equal(11);
  });

  it('notices a connection that has gone silent', async () => {
    const { watched, changes } = start({ inactivityMs: 1_000 });
    await watched.synced;
    await until('it watches', () => network.connections() >= 2);
    network.freeze();
    await test.create('a', { data: { v: '1' } });
    await until('it comes', has(watched, 'a', '1'));
    expect(changes).to.deep.equal(['a: - > 1']);
  });

  it('takes a watch up again that ended in good order', async () => {
    const { watched, lists, watches, logger } = start({ watchSeconds: 1 });
    await watched.synced;
    await until('there were three', () => watches.length >= 4);
    await test.create('a', { data: { v: '1' } });
    await until('it comes', has(watched, 'a', '1'));
    expect(lists).to.have.length(1);
    expect(logger.lines).to.deep.equal([]);
  });

  it('survives a restart of the API server', async () => {
    await test.create('a', { data: { v: '1' } });
    const { watched } = start();
    await watched.synced;
    await test.ground.restartApiServer();
    await test.set('a', { v: '2' });
    await test.create('b', { data: { v: '1' } });
    await until('they come', () => has(watched, 'a', '2')() && has(watched, 'b', '1')());
  });

  it('lists anew when the API server has forgotten where it was (410), and tells what it missed', async () => {
    for (const name of ['stays', 'changes', 'goes']) await test.create(name, { data: { v: '1' } });
    // So few tries that it does not list anew for their failing.
    const { watched, changes, lists, logger } = start({ backoff: { firstMs: 5_000, maxMs: 5_000 } });
    await watched.synced;
    changes.splice(0);
    network.cut(true);
    await test.set('changes', { v: '2' });
    await test.remove('goes');
    await test.create('comes', { data: { v: '1' } });
    // Its memory of events begins anew with it.
    await test.ground.restartApiServer();
    await test.set('changes', { v: '3' });
    network.cut(false);
    await until('it has all', () => has(watched, 'changes', '3')() && has(watched, 'comes', '1')());
    expect(changes.toSorted()).to.deep.equal(['changes: 1 > 3', 'comes: - > 1', 'goes: 1 > -']);
    expect(lists).to.have.length(2);
    expect(logger.lines.filter((line) => line.includes(': 410 Expired'))).to.have.length(1);
  });

  it('waits for an API server that is not there at the beginning', async () => {
    network.cut(true);
    await test.create('a', { data: { v: '1' } });
    const { watched, logger } = start();
    await until('it failed twice', () => logger.lines.some((line) => line.includes('a watch fails')));
    expect(watched.isSynced()).to.equal(false);
    network.cut(false);
    await watched.synced;
    expect(has(watched, 'a', '1')()).to.equal(true);
  });

  it('takes the answer to our own write before the watch has it, and then not again', async () => {
    await test.create('a', { data: { v: '1' } });
    const { watched, changes } = start();
    await watched.synced;
    const old = get(watched, 'a');
    const written = await test.client.request<ConfigMap>({
      method: 'PATCH',
      path: `${test.configMaps}/a`,
      body: { data: { v: '2' } },
    });
    watched.observeWrite(written);
    expect(has(watched, 'a', '2')()).to.equal(true);
    watched.observeWrite(old!);
    expect(has(watched, 'a', '2')()).to.equal(true);
    await test.remove('a');
    await until('it goes', () => watched.size === 0);
    watched.observeWrite(written);
    expect(watched.size).to.equal(0);
    expect(changes).to.deep.equal(['a: - > 1', 'a: 1 > 2', 'a: 2 > -']);
  });

  it('goes on when a handler throws', async () => {
    const { watched, changes, logger } = start();
    watched.onChange(() => {
      throw new Error('not this one');
    });
    await watched.synced;
    await test.create('a', { data: { v: '1' } });
    await test.set('a', { v: '2' });
    await until('both came', () => changes.length === 2);
    expect(logger.lines.filter((line) => line.includes('not this one'))).to.have.length(2);
  });

  it('does not take part in the connections of calls', async () => {
    const client = test.connect();
    const stopping = new AbortController();
    const many = Array.from({ length: 40 }, () =>
      informer<ConfigMap>({ client, path: test.configMaps, logger: recordingLogger() }),
    );
    const running = many.map((one) => one.run(stopping.signal));
    await Promise.all(many.map(({ synced }) => synced));
    await test.create('a', { data: { v: '1' } });
    await until('all have it', () => many.every((one) => has(one, 'a', '1')()));
    expect(await client.list(test.configMaps)).to.have.length(1);
    stopping.abort();
    await Promise.all(running);
  });
});
