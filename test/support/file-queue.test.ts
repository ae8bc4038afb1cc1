import { expect } from 'chai';
import { FileQueue, type QueueOptions } from './file-queue.ts';

/** What processes of the same speed take, each as soon as it has nothing to do. */
function taken(files: readonly string[], options: QueueOptions): readonly (readonly string[])[] {
  const queue = new FileQueue(files, options);
  const processes = Array.from({ length: options.processes }, () => ({ ms: 0, files: [] as string[] }));
  for (const working = new Set(processes); working.size > 0;) {
    const next = [...working].reduce((so, each) => (each.ms < so.ms ? each : so));
    const file = queue.take();
    if (file === undefined) {
      working.delete(next);
      continue;
    }
    next.files.push(file);
    next.ms += options.durations[file] ?? options.unknownMs;
    if (file === options.last) working.delete(next);
  }
  return processes.map((each) => each.files);
}

describe('the queue of test files', () => {
  it('makes processes take about equally long', () => {
    const durations = { a: 1, b: 5, c: 6, d: 10 };
    expect(taken(['a', 'b', 'c', 'd'], { processes: 2, durations, unknownMs: 0 })).to.deep.equal([
      ['d', 'a'],
      ['c', 'b'],
    ]);
  });

  it('takes a file that it does not know for one of the usual length', () => {
    const durations = { a: 10, b: 10 };
    expect(taken(['a', 'b', 'new'], { processes: 2, durations, unknownMs: 30 })).to.deep.equal([
      ['new'],
      ['a', 'b'],
    ]);
  });

  it('leaves out no file, and gives none to two', () => {
    const files = Array.from({ length: 50 }, (_, at) => `file-${at}`);
    const durations = Object.fromEntries(files.map((file, at) => [file, (at * 7) % 13]));
    for (const last of [undefined, 'file-0', 'file-12', 'file-49']) {
      const all = taken(files, { processes: 3, durations, unknownMs: 1, ...(last && { last }) });
      expect(all.flat().toSorted()).to.deep.equal(files.toSorted());
    }
  });

  it('gives short files alone to a process beside the others, the longest first, and never the last', () => {
    const durations = { a: 10, b: 6, c: 5, last: 1 };
    const options = { processes: 1, durations, unknownMs: 20, shortMs: 6, last: 'last' };
    const queue = new FileQueue(['a', 'b', 'c', 'last', 'new'], options);
    const short = [queue.takeShort(), queue.takeShort(), queue.takeShort()];
    expect(short).to.deep.equal(['b', 'c', undefined]);
    expect([queue.take(), queue.take(), queue.take()]).to.deep.equal(['new', 'a', 'last']);
  });

  it('gives nothing where there are fewer files', () => {
    expect(taken(['a'], { processes: 2, durations: {}, unknownMs: 1 })).to.deep.equal([['a'], []]);
  });

  it('gives the last file of a process so early that the others end with it', () => {
    const durations = { a: 10, b: 6, c: 5, d: 4, last: 6 };
    const options = { durations, unknownMs: 1, last: 'last' };
    const files = Object.keys(durations);
    expect(taken(files, { processes: 2, ...options })).to.deep.equal([
      ['a', 'last'],
      ['b', 'c', 'd'],
    ]);
    expect(taken(files, { processes: 1, ...options })).to.deep.equal([['a', 'b', 'c', 'd', 'last']]);
  });
});
