import { expect } from 'chai';
import { pino } from 'pino';
import { controllerMetrics } from '../../../src/controller/runtime/metrics.ts';
import type { Leadership } from '../../../src/controller/runtime/lease.ts';
import { runControllers } from '../../../src/controller/runtime/run.ts';

/** As the elector's: its methods are those of a class. */
class Term implements Leadership {
  readonly term = 7;
  readonly signal = new AbortController().signal;
  isReleased = false;
  isHeld(): boolean {
    return !this.isReleased;
  }
  async release(): Promise<void> {
    this.isReleased = true;
    return Promise.resolve();
  }
}

describe('the term in which passes run', () => {
  it('is that of the leadership, which they can ask whether it is held', async () => {
    const ending = new AbortController();
    const leadership = new Term();
    const seen: unknown[] = [];
    const informer = {
      path: '/api/v1/things',
      isSynced: () => true,
      isMissing: () => false,
      synced: Promise.resolve(),
      settled: Promise.resolve(),
      run: () => Promise.resolve(),
    };
    await runControllers(
      {
        controllers: [
          {
            name: 'things',
            sources: [{ informer, subscribe: () => {}, keys: () => ['a/b'] }],
            async reconcile(key, given) {
              ending.abort();
              seen.push([key, given.term, given.isHeld()]);
              return Promise.resolve({ kind: 'done' });
            },
          },
        ],
        elector: { acquire: () => Promise.resolve(leadership) },
        leaseName: 'lease',
        events: { record: () => {}, flush: () => Promise.resolve() },
        metrics: controllerMetrics(['things']),
        logger: pino({ level: 'silent' }),
        statusPort: 0,
      },
      ending.signal,
    );
    expect(seen).to.deep.equal([['a/b', 7, true]]);
    expect(leadership.isReleased).to.equal(true);
  });
});
