import { expect } from 'chai';
import { Turns } from '../../webhooks/turns.ts';

describe('what may be in use at a time', () => {
  it('is never exceeded, and given to the smallest that wait first', async () => {
    const turns = new Turns(2);
    const order: number[] = [];
    let used = 0;
    const ask = async (amount: number, rank: number) => {
      const giveBack = await turns.take(amount, rank, 5_000);
      used += amount;
      expect(used).to.be.at.most(2);
      order.push(rank);
      await new Promise((resolve) => setTimeout(resolve, 1));
      used -= amount;
      giveBack?.();
    };
    await Promise.all([ask(2, 5), ask(1, 9), ask(1, 8), ask(2, 1), ask(2, 3)]);
    expect(order).to.deep.equal([5, 1, 3, 8, 9]);
  });

  it('is not given to who has waited too long, and who waits behind goes on', async () => {
    const turns = new Turns(2);
    const giveBack = await turns.take(1, 0, 10);
    const [tooLarge, small] = await Promise.all([turns.take(2, 1, 5), turns.take(1, 2, 1_000)]);
    expect(tooLarge).to.equal(undefined);
    expect(small).to.be.a('function');
    giveBack?.();
    // Twice is once.
    giveBack?.();
    small?.();
    expect(await turns.take(2, 1, 5)).to.be.a('function');
    expect(await turns.take(1, 1, 5)).to.equal(undefined);
  });
});
