import { expect } from 'chai';
import { readTogether } from '../../src/io/read-together.ts';

describe('a reading for all who ask at once', () => {
  /** What is there now; each reading takes a while, and answers with what was there when it began. */
  let there = 'warn';
  let readings: string[] = [];
  const read = readTogether(async (namespace) => {
    readings.push(namespace);
    const found = `${namespace}: ${there}`;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return found;
  });

  beforeEach(() => {
    there = 'warn';
    readings = [];
  });

  it('is made once, of each thing that is asked for', async () => {
    const answers = await Promise.all(['prod', 'prod', 'test', 'prod'].map(read));
    expect(answers).to.deep.equal(['prod: warn', 'prod: warn', 'test: warn', 'prod: warn']);
    expect(readings).to.deep.equal(['prod', 'test']);
  });

  it('is never one that began before somebody asked: it may have changed since', async () => {
    const first = read('prod');
    while (readings.length === 0) await new Promise((resolve) => setImmediate(resolve));
    there = 'deny';
    expect(await read('prod')).to.equal('prod: deny');
    expect(await first).to.equal('prod: warn');
  });

  it('fails for all of them, and is made anew for the next', async () => {
    let fails = true;
    const failing = readTogether(async () => {
      if (fails) throw new Error('gone');
      return 'there';
    });
    const outcomes = await Promise.allSettled([failing('prod'), failing('prod')]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    fails = false;
    expect(await failing('prod')).to.equal('there');
  });
});
