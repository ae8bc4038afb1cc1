import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  workQueue,
  type Outcome,
  type QueueObserver,
  type WorkQueue,
} from '../../../src/controller/runtime/queue.ts';
import { simulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';

/** A queue whose runs end when the test says so. */
function controlled(concurrency = 2, observer: QueueObserver = {}) {
  const clock = simulatedClock();
  const started: { readonly key: string; readonly at: number }[] = [];
  const thrown: { readonly key: string; readonly error: unknown }[] = [];
  const underWay = new Map<string, (outcome: Outcome | Error) => void>();
  let doubled = 0;
  let most = 0;
  const queue: WorkQueue = workQueue({
    concurrency,
    clock,
    random: () => 1,
    backoff: { firstMs: 100, maxMs: 800 },
    observer,
    threw: (key, error) => void thrown.push({ key, error }),
    run: (key) => {
      started.push({ key, at: clock.now() });
      if (underWay.has(key)) doubled += 1;
      return new Promise((resolve, reject) => {
        underWay.set(key, (outcome) => {
          underWay.delete(key);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        });
        most = Math.max(most, underWay.size);
      });
    },
  });
  return {
    queue,
    clock,
    started,
    thrown,
    underWay,
    doubled: () => doubled,
    most: () => most,
    keys: () => started.map(({ key }) => key),
    end: async (key: string, outcome: Outcome | Error = { kind: 'done' }) => {
      underWay.get(key)?.(outcome);
      await turn();
    },
  };
}

describe('the work queue', () => {
  it('runs keys in the order of their coming, as many at a time as it may', async () => {
    const { queue, keys, end } = controlled(2);
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    expect(keys()).to.deep.equal(['a', 'b']);
    expect(queue.depth).to.equal(2);
    await end('b');
    expect(keys()).to.deep.equal(['a', 'b', 'c']);
    expect([...queue.running.keys()]).to.have.members(['a', 'c']);
  });

  it('holds a key that waits only once', async () => {
    const { queue, keys, end } = controlled(1);
    for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
    await end('a');
    await end('b');
    expect(keys()).to.deep.equal(['a', 'b']);
    expect(queue.depth).to.equal(0);
  });

  it('runs a key once more that is added while it runs, and not beside itself', async () => {
    const { queue, keys, end } = controlled();
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect(keys()).to.deep.equal(['a']);
    await end('a');
    expect(keys()).to.deep.equal(['a', 'a']);
    await end('a');
    expect(keys()).to.deep.equal(['a', 'a']);
  });

  it('waits twice as long after each failure in a row, up to a limit, and forgets them after a success', async () => {
    const { queue, clock, started, end } = controlled();
    queue.add('a');
    const waits: number[] = [];
    for (let failure = 0; failure < 6; failure += 1) {
      await end('a', failure % 2 === 0 ? { kind: 'failed' } : new Error('broken'));
      const failedAt = clock.now();
      while (queue.running.size === 0) clock.advance(1);
      waits.push(clock.now() - failedAt);
    }
    expect(waits).to.deep.equal([100, 200, 400, 800, 800, 800]);
    await end('a', { kind: 'done', at: clock.now() + 5 });
    clock.advance(5);
    await end('a', { kind: 'failed' });
    const before = started.length;
    clock.advance(99);
    expect(started).to.have.length(before);
    clock.advance(1);
    expect(started).to.have.length(before + 1);
  });

  it('says what a run has thrown, which nobody else does', async () => {
    const { queue, end, thrown } = controlled();
    queue.add('a');
    const error = new Error('broken');
    await end('a', error);
    expect(thrown).to.deep.equal([{ key: 'a', error }]);
  });

  it('waits at least as long as a failure asks for', async () => {
    const { queue, clock, keys, end } = controlled();
    queue.add('a');
    await end('a', { kind: 'failed', notBeforeMs: 5_000 });
    clock.advance(4_999);
    expect(keys()).to.have.length(1);
    clock.advance(1);
    expect(keys()).to.have.length(2);
  });

  it('runs again at once after a conflict, and calms down when they go on', async () => {
    const { queue, clock, started, keys, end } = controlled();
    queue.add('a');
    await end('a', { kind: 'again' });
    expect(keys()).to.have.length(2);
    for (let conflict = 0; conflict < 12; conflict += 1) {
      await end('a', { kind: 'again' });
      clock.advance(2_000);
    }
    expect(keys()).to.have.length(14);
    expect((started[13]?.at ?? 0) - (started[12]?.at ?? 0)).to.equal(2_000);
  });

  it('runs a key at the earliest of the times that were asked for', async () => {
    const { queue, clock, keys, end } = controlled();
    queue.addAt('a', clock.now() + 300);
    queue.addAt('a', clock.now() + 100);
    queue.addAt('a', clock.now() + 200);
    clock.advance(99);
    expect(keys()).to.deep.equal([]);
    clock.advance(1);
    expect(keys()).to.deep.equal(['a']);
    await end('a');
    clock.advance(1_000);
    expect(keys()).to.deep.equal(['a']);
  });

  it('lets what a run says replace the time that was asked for before it', async () => {
    const { queue, clock, keys, end } = controlled();
    queue.addAt('a', clock.now() + 100);
    queue.add('a');
    await end('a', { kind: 'done', at: clock.now() + 500 });
    clock.advance(499);
    expect(keys()).to.have.length(1);
    clock.advance(1);
    expect(keys()).to.have.length(2);
  });

  it('sleeps longer than a timer can', async () => {
    const { queue, clock, keys } = controlled();
    const month = 31 * 24 * 60 * 60_000;
    queue.addAt('a', clock.now() + month);
    clock.advance(month - 1);
    expect(keys()).to.have.length(0);
    clock.advance(1);
    expect(keys()).to.have.length(1);
  });

  it('ends when the last run has ended, and starts none any more', async () => {
    const { queue, clock, keys, end } = controlled(1);
    queue.add('a');
    queue.add('b');
    queue.addAt('c', clock.now() + 10);
    let isDrained = false;
    const draining = queue.drain().then(() => (isDrained = true));
    queue.add('d');
    clock.advance(100);
    await turn();
    expect(isDrained).to.equal(false);
    await end('a', { kind: 'again' });
    await draining;
    expect(keys()).to.deep.equal(['a']);
    expect(clock.timers()).to.equal(0);
    await controlled().queue.drain();
  });

  it('tells what happens to it', async () => {
    const seen: string[] = [];
    const { queue, clock, end } = controlled(1, {
      added: () => seen.push('added'),
      started: (ms) => seen.push(`started after ${ms}`),
      finished: (ms) => seen.push(`finished after ${ms}`),
      retried: () => seen.push('retried'),
    });
    queue.add('a');
    queue.add('b');
    clock.advance(7);
    await end('a', { kind: 'failed' });
    expect(seen).to.deep.equal([
      'added',
      'started after 0',
      'added',
      'finished after 7',
      'retried',
      'started after 7',
    ]);
  });

  type Step =
    | { readonly kind: 'add'; readonly key: string }
    | { readonly kind: 'addAt'; readonly key: string; readonly inMs: number }
    | { readonly kind: 'advance'; readonly ms: number }
    | { readonly kind: 'end'; readonly index: number; readonly outcome: Outcome | Error };
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const outcome: fc.Arbitrary<Outcome | Error> = fc.oneof(
    fc.constant<Outcome>({ kind: 'done' }),
    fc.integer({ min: -50, max: 1_000 }).map((at): Outcome => ({ kind: 'done', at: 1_000_000 + at })),
    fc.constant<Outcome>({ kind: 'again' }),
    fc.constant<Outcome>({ kind: 'failed' }),
    fc.constant(new Error('broken')),
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), key }) },
    fc.record({ kind: fc.constant('addAt' as const), key, inMs: fc.integer({ min: -10, max: 500 }) }),
    fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 300 }) }),
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), index: fc.nat(3), outcome }) },
  );

  /** Ends every run well until nothing is left to do. */
  async function settle(
    underWay: ReadonlyMap<string, unknown>,
    end: (key: string) => Promise<void>,
    clock: SimulatedClock,
  ) {
    for (let round = 0; round < 50; round += 1) {
      for (const each of underWay.keys()) await end(each);
      clock.advance(1_000);
      if (underWay.size === 0 && clock.timers() === 0) return;
    }
    expect.fail('the queue does not come to rest');
  }

  it('never runs a key beside itself, never runs too many, and loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, limit) => {
          const test = controlled(limit);
          const { queue, clock, started, underWay, end } = test;
          /** How many runs of the key had begun before it was added last. */
          const owed = new Map<string, number>();
          const runsOf = (wanted: string) => started.filter((one) => one.key === wanted).length;
          for (const one of steps) {
            if (one.kind === 'add') owed.set(one.key, runsOf(one.key));
            if (one.kind === 'add') queue.add(one.key);
            if (one.kind === 'addAt') queue.addAt(one.key, clock.now() + one.inMs);
            if (one.kind === 'advance') clock.advance(one.ms);
            if (one.kind === 'end') {
              const running = [...underWay.keys()][one.index];
              if (running !== undefined) await end(running, one.outcome);
            }
            expect(test.doubled()).to.equal(0);
            expect(test.most()).to.be.at.most(limit);
          }
          await settle(underWay, end, clock);
          for (const [wanted, before] of owed) expect(runsOf(wanted), wanted).to.be.above(before);
          expect(queue.depth).to.equal(0);
          expect(test.doubled()).to.equal(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('starts a key no later than asked for when there is room', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key, inMs: fc.integer({ min: 0, max: 500 }) }), { minLength: 1, maxLength: 20 }),
        async (wanted) => {
          const { queue, clock, started, underWay, end } = controlled(4);
          const from = clock.now();
          for (const { key: each, inMs } of wanted) queue.addAt(each, from + inMs);
          await settle(underWay, end, clock);
          for (const each of new Set(wanted.map((one) => one.key))) {
            const earliest = Math.min(...wanted.filter((one) => one.key === each).map(({ inMs }) => inMs));
            expect(started.find((one) => one.key === each)?.at).to.equal(from + earliest);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
