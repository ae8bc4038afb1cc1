import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { keyOf } from '../../src/controller/runtime/cache.ts';
import { informer } from '../../src/controller/runtime/informer.ts';
import { controllerMetrics } from '../../src/controller/runtime/metrics.ts';
import { runControllers, source } from '../../src/controller/runtime/run.ts';
import { ApiError, type Call, type StreamingClient } from '../../src/io/kubernetes/kubernetes.ts';
import { recordingLogger, until } from '../certs/recording-logger.ts';

const path = (plural: string) => `/apis/example.org/v1/${plural}`;

/** An API server that has these collections, one object in each, and no changes. */
function apiServer(there: Set<string>): Pick<StreamingClient, 'request' | 'stream'> {
  return {
    async request<T>(call: Call) {
      if (!there.has(call.path)) throw new ApiError('not found', { status: 404, reason: 'NotFound' });
      const metadata = { namespace: 'n', name: 'a', resourceVersion: '1' };
      return { metadata: { resourceVersion: '1' }, items: [{ metadata }] } as T;
    },
    stream: async (_path, { signal }) =>
      (async function* () {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
        yield* [] as Buffer[];
      })(),
  };
}

describe('a collection that the API server does not have', () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(() => Promise.all(splice(stops).map((stop) => stop())));

  /** Two kinds, one controller each, of a process that leads at once. */
  function start(there: Set<string>) {
    const logger = recordingLogger();
    const client = apiServer(there);
    const passes: string[] = [];
    const stopping = new AbortController();
    let port = 0;
    const controllers = ['blues', 'greens'].map((name) => {
      const informed = informer({ client, path: path(name), logger, backoff: { firstMs: 20, maxMs: 40 } });
      return {
        name,
        sources: [source(informed, (object) => [keyOf(object)])],
        reconcile: (key: string) => {
          passes.push(`${name} ${key}`);
          return Promise.resolve({ kind: 'done' } as const);
        },
      };
    });
    const leadership = {
      term: 1,
      signal: new AbortController().signal,
      isHeld: () => true,
      release: async () => {},
    };
    const running = runControllers(
      {
        controllers,
        elector: { acquire: async (signal) => (signal.aborted ? undefined : leadership) },
        leaseName: 'lease',
        events: { record: () => {}, flush: async () => {} },
        metrics: controllerMetrics(['blues', 'greens']),
        logger,
        statusPort: 0,
        onListening: (listening) => (port = listening),
      },
      stopping.signal,
    );
    const stop = () => {
      stopping.abort();
      return running;
    };
    stops.push(stop);
    const readiness = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
    return { passes, logger, readiness, stop };
  }

  it('keeps nobody else waiting, is told of once, and is looked after when it is there', async () => {
    const there = new Set([path('greens')]);
    const { passes, logger, readiness } = start(there);
    await until('greens are looked after', () => passes.length > 0);
    expect(passes).to.deep.equal(['greens n/a']);
    expect(await readiness()).to.equal(200);
    await pause(200);
    const said = logger.lines.filter((line) => line.includes('blues'));
    expect(said).to.have.length(1);
    expect(said[0]).to.match(/^warn the CustomResourceDefinition blues\.example\.org is missing.*--kind/);

    there.add(path('blues'));
    await until('blues are looked after', () => passes.includes('blues n/a'));
    expect(passes).to.have.length(2);
    expect(logger.lines.at(-1)).to.contain('info blues.example.org is there now');
  });

  it('is waited for where there is nothing else to do', async () => {
    const there = new Set<string>();
    const { passes, logger, readiness } = start(there);
    await until('both are told of', () => logger.lines.length === 2);
    expect(await readiness()).to.equal(503);
    there.add(path('blues'));
    await until('it is looked after', () => passes.length === 1);
    expect(await readiness()).to.equal(200);
  });

  it('is not looked after by a process that has stopped', async () => {
    const there = new Set([path('greens')]);
    const { passes, stop } = start(there);
    await until('greens are looked after', () => passes.length === 1);
    await stop();
    there.add(path('blues'));
    await pause(200);
    expect(passes).to.have.length(1);
  });
});

const splice = <T>(all: T[]): readonly T[] => all.splice(0);
