import { expect } from 'chai';
import { sameValue } from '../../../src/core/model/same-value.ts';

describe('the same JSON value', () => {
  const same: readonly (readonly [unknown, unknown])[] = [
    [
      { a: 1, b: [{ c: 'x' }] },
      { b: [{ c: 'x' }], a: 1 },
    ],
    [{ a: 1, b: undefined }, { a: 1 }],
    [null, null],
  ];
  const different: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: null }],
    [{}, { toString: 'x' }],
    [{ a: undefined }, { b: 1 }],
    [[1, 2], [1]],
    [[], {}],
    [null, {}],
  ];

  for (const [a, b] of same) {
    it(`is ${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
      expect([sameValue(a, b), sameValue(b, a)]).to.deep.equal([true, true]);
    });
  }

  for (const [a, b] of different) {
    it(`is not ${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
      expect([sameValue(a, b), sameValue(b, a)]).to.deep.equal([false, false]);
    });
  }
});
