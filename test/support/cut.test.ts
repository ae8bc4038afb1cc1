import { expect } from 'chai';
import { cut } from './cut.ts';

describe('cutting test files into parts', () => {
  it('makes parts that take about equally long', () => {
    const parts = cut(['a', 'b', 'c', 'd'], 2, { a: 10, b: 6, c: 5, d: 1 }, 0);
    expect(parts).to.deep.equal([
      ['a', 'd'],
      ['b', 'c'],
    ]);
  });

  it('takes a file that it does not know for one of the usual length', () => {
    expect(cut(['new', 'a', 'b'], 2, { a: 10, b: 10 }, 30)).to.deep.equal([['new'], ['a', 'b']]);
  });

  it('leaves out no file, and gives none to two', () => {
    const files = Array.from({ length: 50 }, (_, at) => `file-${at}`);
    const durations = Object.fromEntries(files.map((file, at) => [file, (at * 7) % 13]));
    const parts = cut(files, 3, durations, 1);
    expect(parts.flat().toSorted()).to.deep.equal(files.toSorted());
  });

  it('leaves parts empty where there are fewer files', () => {
    expect(cut(['a'], 2, {}, 1)).to.deep.equal([['a'], []]);
  });
});
