import { expect } from 'chai';
import * as fc from 'fast-check';
import { quorum } from '../../../src/core/raft/quorum.ts';

const voters = fc.integer({ min: 1, max: 99 });

describe('quorum', () => {
  for (const [count, needed, tolerated] of [
    [1, 1, 0],
    [2, 2, 0],
    [3, 2, 1],
    [4, 3, 1],
    [5, 3, 2],
    [7, 4, 3],
  ] as const) {
    it(`of ${count} voters is ${needed}, and ${tolerated} may be lost`, () => {
      expect(quorum(count)).to.equal(needed);
      expect(count - quorum(count)).to.equal(tolerated);
    });
  }

  it('is never reached by two halves at once', () => {
    fc.assert(
      fc.property(voters, (count) => {
        expect(2 * quorum(count)).to.be.above(count);
        expect(2 * (count - quorum(count))).to.be.below(count);
      }),
    );
  });

  it('is left while the tolerance is not used up', () => {
    fc.assert(
      fc.property(voters, fc.nat(99), (count, lost) => {
        const healthy = Math.max(0, count - lost);
        expect(healthy >= quorum(count)).to.equal(lost <= count - quorum(count));
      }),
    );
  });
});
