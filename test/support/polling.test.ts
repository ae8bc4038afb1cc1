import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseMs, poll } from './polling.ts';

describe('looking again and again', () => {
  it('ends with the first answer, also where that is nothing much', async () => {
    const answers = [undefined, false, 0, 1];
    expect(await poll(() => answers.shift(), { leastPauseMs: 0, timeoutMs: 10_000 })).to.equal(0);
  });

  it('has a last look when the time is up, and then says that there was nothing', async () => {
    let looks = 0;
    const look = async () => {
      looks += 1;
      await sleep(20);
      return false;
    };
    expect(await poll(look, { leastPauseMs: 0, timeoutMs: 1 })).to.equal(undefined);
    expect(looks).to.equal(1);
  });

  it('pauses for twice as long as a look takes, within bounds', () => {
    expect([0, 4, 6, 140, 1_000].map((took) => pauseMs(took, 10))).to.deep.equal([10, 10, 12, 280, 300]);
  });
});
